import { Link } from '@tanstack/react-router';
import { Bookmark, X } from 'lucide-react';
import { useState, useSyncExternalStore } from 'react';
import { Dialog, DialogTrigger, Form, Input, Label, Popover, TextField } from 'react-aria-components';
import { Button } from '../kit/button.tsx';
import { filtersOf, readSearch, type ListSearch } from './search.ts';

/** Lists that somebody named, kept in this browser. */
interface View {
  name: string;
  search: ListSearch;
}

const KEY = 'durachart.views';
const watchers = new Set<() => void>();
let kept: { text: string | null; views: readonly View[] } = { text: null, views: [] };

function read(): readonly View[] {
  const text = localStorage.getItem(KEY);
  if (text !== kept.text) kept = { text, views: parse(text) };
  return kept.views;
}

function parse(text: string | null): View[] {
  try {
    const found = JSON.parse(text ?? '[]') as View[];
    return found.map(({ name, search }) => ({ name: String(name), search: readSearch({ ...search }) }));
  } catch {
    return [];
  }
}

function write(views: readonly View[]): void {
  localStorage.setItem(KEY, JSON.stringify(views));
  for (const watcher of watchers) watcher();
}

function useViews(): readonly View[] {
  return useSyncExternalStore((watcher) => {
    watchers.add(watcher);
    return () => watchers.delete(watcher);
  }, read);
}

/** The views that were saved; of each a link and a way to forget it. */
export function Views({ search }: { search: ListSearch }) {
  const views = useViews();
  if (views.length === 0) return null;
  return (
    <section aria-label="Saved views" className="mb-4">
      <h2 className="mb-0.5 px-2 text-2xs font-medium text-muted">Saved views</h2>
      <ul>
        {views.map((view) => (
          <li key={view.name} className="group flex items-center">
            <Link
              to="/instances"
              search={view.search}
              className={`flex h-6.5 min-w-0 flex-1 items-center gap-2 rounded-md px-2 text-sm ${isSame(view.search, search) ? 'bg-selected font-medium' : 'hover:bg-hover'}`}
            >
              <Bookmark className="size-3 shrink-0 text-muted" aria-hidden />
              <span className="truncate">{view.name}</span>
            </Link>
            <Button
              kind="quiet"
              aria-label={`Forget the view ${view.name}`}
              className="h-6! w-6 px-0! opacity-0 group-hover:opacity-100 focus-visible:opacity-100"
              onPress={() => write(views.filter((each) => each !== view))}
            >
              <X className="size-3" aria-hidden />
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Keeps what is shown under a name. */
export function SaveView({ search }: { search: ListSearch }) {
  const views = useViews();
  const [name, setName] = useState('');
  if (filtersOf(search).length === 0 || views.some((view) => isSame(view.search, search))) return null;
  return (
    <DialogTrigger>
      <Button kind="quiet">
        <Bookmark className="size-3.5" aria-hidden /> <span className="max-sm:sr-only">Save view</span>
      </Button>
      <Popover placement="bottom end" className="rounded-lg border border-line bg-panel p-3 shadow-lg">
        <Dialog aria-label="Save view" className="outline-none">
          {({ close }) => (
            <Form
              className="flex items-end gap-2"
              onSubmit={(event) => {
                event.preventDefault();
                if (name.trim() === '') return;
                write([...views.filter((view) => view.name !== name.trim()), { name: name.trim(), search }]);
                setName('');
                close();
              }}
            >
              <TextField value={name} onChange={setName} autoFocus className="flex flex-col gap-1">
                <Label className="text-xs text-muted">Name of the view</Label>
                <Input className="h-7 rounded-md border border-edge bg-raised px-2 text-sm" />
              </TextField>
              <Button type="submit" kind="solid">
                Save
              </Button>
            </Form>
          )}
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}

function isSame(a: ListSearch, b: ListSearch): boolean {
  const text = (search: ListSearch): string =>
    JSON.stringify(filtersOf(search).toSorted(([one], [two]) => one.localeCompare(two)));
  return text(a) === text(b);
}
