import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Search } from 'lucide-react';
import { useState } from 'react';
import { ComboBox, Input, ListBox, ListBoxItem, Popover } from 'react-aria-components';
import { countsQuery, workflowQuery, workflowsQuery } from '../api/queries.ts';
import { Keys } from '../kit/keys.tsx';
import type { ListSearch } from './search.ts';
import { applied, suggest } from './suggest.ts';

/** One field for every filter, and for an instance's id: it shows what the text may mean. */
export function SearchBox({ search }: { search: ListSearch }) {
  const navigate = useNavigate();
  const [text, setText] = useState('');
  const all = useQuery(workflowsQuery).data ?? [];
  const workflows = all.map(({ name }) => name);
  const one = search.workflow ?? (workflows.length === 1 ? workflows[0] : undefined);
  const own = useQuery({ ...workflowQuery(one ?? ''), enabled: one !== undefined }).data?.states ?? [];
  const counted = useQuery(countsQuery()).data ?? [];
  const states = [...new Set([...own, ...counted.map(({ state }) => state)])];
  const steps = [...new Set(all.filter(({ name }) => one === undefined || name === one).flatMap((each) => each.steps))];
  const suggestions = suggest(text, { workflows, states, steps });

  const choose = (id: string): void => {
    const chosen = suggestions.find((each) => each.id === id);
    setText('');
    // So that j and k go through what was found.
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    if (chosen?.kind === 'open') void navigate({ to: '/instances/$id', params: { id: chosen.value } });
    else if (chosen !== undefined) void navigate({ to: '/instances', search: applied(search, chosen) });
  };
  return (
    <ComboBox
      aria-label="Filter, or open by id"
      data-search
      items={suggestions}
      inputValue={text}
      onInputChange={setText}
      selectedKey={null}
      onSelectionChange={(key) => key !== null && choose(String(key))}
      defaultFilter={() => true}
      menuTrigger="focus"
      allowsCustomValue
      className="min-w-0 flex-1 md:max-w-md"
    >
      <div className="relative">
        <Search className="pointer-events-none absolute top-2 left-2.5 size-4 text-muted" aria-hidden />
        <Input
          placeholder="Filter, or open by id"
          onKeyDown={(event) => {
            const first = suggestions[0];
            // Enter takes the first meaning where none is pointed at.
            if (event.key !== 'Enter' || event.currentTarget.getAttribute('aria-activedescendant') !== null) return;
            if (text.trim() !== '' && first !== undefined) {
              event.preventDefault();
              choose(first.id);
            }
          }}
          className="h-8 w-full rounded-md border border-edge/60 bg-raised pr-8 pl-8 text-sm placeholder:text-muted"
        />
        <span className="pointer-events-none absolute top-1.5 right-2 max-md:hidden" aria-hidden>
          <Keys keys="/" />
        </span>
      </div>
      <Popover
        offset={4}
        className="w-(--trigger-width) overflow-auto rounded-lg border border-line bg-panel shadow-lg"
      >
        <ListBox className="max-h-80 overflow-auto p-1 outline-none">
          {(item: (typeof suggestions)[number]) => (
            <ListBoxItem
              id={item.id}
              textValue={`${item.words} ${item.value}`}
              className="flex h-7 items-center gap-2 rounded-md px-2 text-sm outline-none focus:bg-selected"
            >
              <span className="w-24 shrink-0 text-xs text-muted">{item.words}</span>
              <span className="truncate font-medium">{item.value}</span>
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </ComboBox>
  );
}
