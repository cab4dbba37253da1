import { useQuery } from '@tanstack/react-query';
import { Link, useSearch } from '@tanstack/react-router';
import { ListFilter, X } from 'lucide-react';
import { useCallback } from 'react';
import { Dialog, DialogTrigger, Modal, ModalOverlay } from 'react-aria-components';
import { workflowsQuery } from '../api/queries.ts';
import { Button } from '../kit/button.tsx';
import { Empty } from '../kit/empty.tsx';
import { Failed } from '../kit/failed.tsx';
import { Loading } from '../kit/loading.tsx';
import { number } from '../kit/number.ts';
import { useTitle } from '../kit/title.ts';
import { Bulk } from './bulk.tsx';
import { Facets } from './facets.tsx';
import { useInstances, useLiveLists } from './query.ts';
import { Rows } from './rows.tsx';
import { SearchBox } from './search-box.tsx';
import { filtersOf, readSearch, withFilter, WORDS, wordsOf, type ListSearch } from './search.ts';
import { SaveView } from './views.tsx';

/** All instances, or those that the address asks for. */
export function ListPage() {
  // The router also gives what else stands in the address, which the API would refuse.
  const search = useSearch({ from: '/instances', select: readSearch, structuralSharing: true });
  useTitle('Instances');
  useLiveLists();
  const { data, error, isFetchingNextPage, hasNextPage, fetchNextPage, refetch } = useInstances(search);
  const items = data?.pages.flatMap((page) => page.items) ?? [];
  const more = useCallback(() => {
    if (!isFetchingNextPage) void fetchNextPage();
  }, [isFetchingNextPage, fetchNextPage]);
  return (
    <div className="flex min-h-0 flex-1">
      <aside aria-label="Filters" className="w-56 shrink-0 overflow-auto border-r border-line p-3 max-lg:hidden">
        <Facets search={search} />
      </aside>
      <div className="flex min-w-0 flex-1 flex-col bg-panel">
        <h1 className="sr-only">Instances</h1>
        <div className="flex items-center gap-2 border-b border-line px-4 py-2">
          <SearchBox search={search} />
          <FacetsButton search={search} />
          <div className="ml-auto flex items-center gap-2">
            <span className="tabular text-xs text-muted max-sm:hidden" data-shown={items.length}>
              {number(items.length)}
              {hasNextPage ? '+' : ''} shown
            </span>
            <SaveView search={search} />
            <Bulk search={search} />
          </div>
        </div>
        <Chips search={search} />
        {error !== null && data === undefined && <Failed what="The list" error={error} again={() => void refetch()} />}
        {data === undefined && error === null && <Loading what="instances" />}
        {data !== undefined && items.length === 0 && <Nothing search={search} />}
        {items.length > 0 && <Rows items={items} hasMore={hasNextPage} more={more} />}
      </div>
    </div>
  );
}

/** The filters that hold, each to be taken away. */
function Chips({ search }: { search: ListSearch }) {
  const filters = filtersOf(search);
  if (filters.length === 0) return null;
  return (
    <ul aria-label="Filters that hold" className="flex flex-wrap items-center gap-1.5 border-b border-line px-4 py-1.5">
      {filters.map(([key, value]) => (
        <li key={key}>
          <Link
            to="/instances"
            search={withFilter(search, key, undefined)}
            className="inline-flex h-6 max-w-72 items-center gap-1.5 rounded-full bg-selected px-2.5 text-xs hover:brightness-95"
          >
            <span className="sr-only">Without</span>
            <span className="text-muted">{WORDS[key]}</span>
            <span className="truncate font-medium">{wordsOf(key, value)}</span>
            <X className="size-3 shrink-0 text-muted" aria-hidden />
          </Link>
        </li>
      ))}
      {filters.length > 1 && (
        <li>
          <Link to="/instances" search={{}} className="px-1 text-xs text-muted underline hover:text-ink">
            all instances
          </Link>
        </li>
      )}
    </ul>
  );
}

/** The filters where there is no room for them beside the list. */
function FacetsButton({ search }: { search: ListSearch }) {
  return (
    <DialogTrigger>
      <Button className="h-8! lg:hidden" aria-label="Filters">
        <ListFilter className="size-4" aria-hidden />
      </Button>
      <ModalOverlay isDismissable className="fixed inset-0 z-40 bg-black/40">
        <Modal className="absolute inset-y-0 left-0 w-72 max-w-[85vw] overflow-auto border-r border-line bg-panel p-3 shadow-xl">
          <Dialog aria-label="Filters" className="outline-none">
            {({ close }) => (
              // A filter is a link: following it closes this.
              // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
              <div onClick={(event) => (event.target as HTMLElement).closest('a') !== null && close()}>
                <Facets search={search} />
              </div>
            )}
          </Dialog>
        </Modal>
      </ModalOverlay>
    </DialogTrigger>
  );
}

function Nothing({ search }: { search: ListSearch }) {
  const workflows = useQuery(workflowsQuery).data ?? [];
  if (filtersOf(search).length > 0) {
    return (
      <Empty title="No instance is like that">
        <p>
          Take a filter away, or see{' '}
          <Link to="/instances" search={{}} className="text-accent underline">
            all of them
          </Link>
          .
        </p>
      </Empty>
    );
  }
  return (
    <Empty title="No instance yet">
      <p>An instance is one run of a workflow through its states. Start the first one:</p>
      <ul className="flex flex-wrap justify-center gap-2">
        {workflows.map(({ name }) => (
          <li key={name}>
            <Link
              to="/workflows/$name"
              params={{ name }}
              search={{ tab: 'start' }}
              className="inline-flex h-7 items-center rounded-md bg-accent-solid px-2.5 font-medium text-white"
            >
              Start {name}
            </Link>
          </li>
        ))}
      </ul>
    </Empty>
  );
}
