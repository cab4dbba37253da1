import { useQuery, useQueryClient, type InfiniteData } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { CornerDownLeft, Search } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import {
  Autocomplete,
  Dialog,
  Header,
  Input,
  Menu,
  MenuItem,
  MenuSection,
  Modal,
  ModalOverlay,
  SearchField,
} from 'react-aria-components';
import type { InstanceSummary, Page } from '../../http/types.ts';
import { workflowsQuery } from '../api/queries.ts';
import { StatusMark } from '../kit/status.tsx';
import { setTheme } from './theme.ts';

interface Command {
  id: string;
  text: string;
  hint?: string;
  mark?: ReactNode;
  run: () => void;
}

/** More are not listed: one types on instead. */
const MOST = 8;

/** Goes anywhere and does anything by typing. */
export function Palette({
  isOpen,
  onChange,
  extra,
}: {
  isOpen: boolean;
  onChange: (open: boolean) => void;
  extra: readonly Command[];
}) {
  return (
    <ModalOverlay
      isOpen={isOpen}
      onOpenChange={onChange}
      isDismissable
      className="fixed inset-0 z-50 flex items-start justify-center overflow-auto bg-black/40 p-4 pt-[10vh]"
    >
      <Modal className="w-full max-w-xl overflow-hidden rounded-xl border border-line bg-panel shadow-xl">
        <Dialog aria-label="Commands" className="outline-none">
          <Commands close={() => onChange(false)} extra={extra} />
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

function Commands({ close, extra }: { close: () => void; extra: readonly Command[] }) {
  const [text, setText] = useState('');
  const groups = useCommands(text.trim(), extra);
  const all = groups.flatMap(([, commands]) => commands);
  return (
    <Autocomplete inputValue={text} onInputChange={setText}>
      <SearchField aria-label="Go to or do" autoFocus className="flex items-center gap-2 border-b border-line px-3">
        <Search className="size-4 text-muted" aria-hidden />
        <Input
          placeholder="An instance’s id, a workflow, an action …"
          className="h-11 min-w-0 flex-1 bg-transparent text-base outline-none [&::-webkit-search-cancel-button]:hidden"
        />
      </SearchField>
      {/* What scrolls has to be reached by key. */}
      <div className="max-h-[50vh] overflow-auto" tabIndex={0}>
        <Menu
          aria-label="Commands"
          onAction={(key) => {
            close();
            all.find(({ id }) => id === key)?.run();
          }}
          className="p-1.5 outline-none"
          renderEmptyState={() => <p className="p-4 text-sm text-muted">Nothing is called that.</p>}
        >
          {groups.map(([title, commands]) => (
            <MenuSection key={title} className="pb-1">
              <Header className="px-2 py-1 text-2xs font-medium text-muted">{title}</Header>
              {commands.map(({ id, text: words, hint, mark }) => (
                <MenuItem
                  key={id}
                  id={id}
                  textValue={words}
                  className="group flex h-8 items-center gap-2 rounded-md px-2 text-sm outline-none focus:bg-selected"
                >
                  {mark}
                  <span className="truncate">{words}</span>
                  {hint !== undefined && <span className="ml-auto truncate text-xs text-muted">{hint}</span>}
                  <CornerDownLeft className="ml-auto hidden size-3.5 text-muted group-focus:block" aria-hidden />
                </MenuItem>
              ))}
            </MenuSection>
          ))}
        </Menu>
      </div>
    </Autocomplete>
  );
}

/** What fits the text, by kind; kinds without any are left out. */
function useCommands(text: string, extra: readonly Command[]): (readonly [string, Command[]])[] {
  const navigate = useNavigate();
  const client = useQueryClient();
  const workflows = useQuery(workflowsQuery).data ?? [];
  const fits = (words: string): boolean => words.toLowerCase().includes(text.toLowerCase());

  const open = (id: string): void => void navigate({ to: '/instances/$id', params: { id } });
  const instances: Command[] =
    text === ''
      ? []
      : seen(client.getQueriesData<InfiniteData<Page<InstanceSummary>>>({ queryKey: ['instances'] }))
          .filter(({ id, tags }) => fits(id) || tags.some(fits))
          .slice(0, MOST)
          .map(({ id, workflow, state, status }) => ({
            id: `instance ${id}`,
            text: id,
            hint: `${workflow} · ${state}`,
            mark: <StatusMark status={status} label={status} />,
            run: () => open(id),
          }));
  if (/^[\w.~-]{3,200}$/.test(text) && !instances.some((each) => each.text === text)) {
    instances.push({ id: `id ${text}`, text: `Open the instance ${text}`, run: () => open(text) });
  }
  const places: Command[] = [
    { id: 'overview', text: 'Overview', hint: 'g o', run: () => void navigate({ to: '/overview' }) },
    { id: 'instances', text: 'Instances', hint: 'g i', run: () => void navigate({ to: '/instances', search: {} }) },
    { id: 'workflows', text: 'Workflows', hint: 'g w', run: () => void navigate({ to: '/workflows' }) },
    { id: 'schedules', text: 'Schedules and events', hint: 'g s', run: () => void navigate({ to: '/schedules' }) },
    {
      id: 'failed',
      text: 'Failed instances',
      run: () => void navigate({ to: '/instances', search: { status: 'failed' } }),
    },
    { id: 'stuck', text: 'Stuck instances', run: () => void navigate({ to: '/instances', search: { is: 'stuck' } }) },
  ];
  const named: Command[] = workflows.flatMap(({ name }) => [
    {
      id: `workflow ${name}`,
      text: name,
      hint: 'workflow',
      run: () => void navigate({ to: '/workflows/$name', params: { name }, search: {} }),
    },
    {
      id: `start ${name}`,
      text: `Start ${name}`,
      hint: 'new instance',
      run: () => void navigate({ to: '/workflows/$name', params: { name }, search: { tab: 'start' } }),
    },
  ]);
  const actions: Command[] = [
    { id: 'dark', text: 'Dark', hint: 'theme', run: () => setTheme('dark') },
    { id: 'light', text: 'Light', hint: 'theme', run: () => setTheme('light') },
    { id: 'system', text: 'As the system has it', hint: 'theme', run: () => setTheme('system') },
    ...extra,
  ];
  const fitting = (commands: Command[]): Command[] =>
    commands.filter((each) => fits(`${each.text} ${each.hint ?? ''}`)).slice(0, MOST);
  const groups = [
    ['Places', fitting(places)],
    ['Workflows', fitting(named)],
    ['Instances', instances],
    ['Actions', fitting(actions)],
  ] as const;
  return groups.filter(([, commands]) => commands.length > 0);
}

/** The instances that some list on the page has read. */
function seen(
  lists: readonly (readonly [unknown, InfiniteData<Page<InstanceSummary>> | undefined])[],
): InstanceSummary[] {
  const all = lists.flatMap(([, data]) => data?.pages.flatMap(({ items }) => items) ?? []);
  return [...new Map(all.map((item) => [item.id, item])).values()];
}
