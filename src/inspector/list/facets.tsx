import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Count } from '../../http/types.ts';
import { countsQuery, workflowQuery, workflowsQuery } from '../api/queries.ts';
import { number } from '../kit/number.ts';
import { STATUSES, StatusMark } from '../kit/status.tsx';
import { AGES, CONDITIONS, withFilter, type ListSearch } from './search.ts';
import { Views } from './views.tsx';

/** Filters by what there is, with how many stand where. */
export function Facets({ search }: { search: ListSearch }) {
  const { data: all = [] } = useQuery(countsQuery());
  const workflows = useQuery(workflowsQuery).data ?? [];
  const workflow = search.workflow ?? (workflows.length === 1 ? workflows[0]?.name : undefined);
  const own = workflow === undefined ? all : all.filter((count) => count.workflow === workflow);
  const names = [...new Set([...workflows.map(({ name }) => name), ...all.map((count) => count.workflow)])];
  return (
    <>
      <Views search={search} />
      <Facet title="Status">
        {STATUSES.map((status) => (
          <Choice
            key={status}
            search={search}
            name="status"
            value={status}
            count={sum(own.filter((count) => count.status === status))}
          >
            <StatusMark status={status} /> {status}
          </Choice>
        ))}
      </Facet>
      <Facet title="Needs a look">
        {CONDITIONS.filter((each) => each !== 'waiting').map((condition) => (
          <Choice key={condition} search={search} name="is" value={condition}>
            {condition}
          </Choice>
        ))}
      </Facet>
      {names.length > 1 && (
        <Facet title="Workflow">
          {names.map((name) => (
            <Choice
              key={name}
              search={search}
              name="workflow"
              value={name}
              count={sum(all.filter((count) => count.workflow === name))}
            >
              {name}
            </Choice>
          ))}
        </Facet>
      )}
      {workflow !== undefined && <States workflow={workflow} counts={own} search={search} />}
      {workflow !== undefined && (
        <Steps steps={workflows.find(({ name }) => name === workflow)?.steps ?? []} search={search} />
      )}
      <Facet title="Started">
        {AGES.map(([age, words]) => (
          <Choice key={age} search={search} name="age" value={age}>
            {words}
          </Choice>
        ))}
      </Facet>
    </>
  );
}

/** The states in which some stand, in the machine's order. */
function States({ workflow, counts, search }: { workflow: string; counts: Count[]; search: ListSearch }) {
  const order = useQuery(workflowQuery(workflow)).data?.states ?? [];
  const place = (state: string): number => (order.includes(state) ? order.indexOf(state) : order.length);
  const states = [...Map.groupBy(counts, ({ state }) => state)].sort(([a], [b]) => place(a) - place(b));
  if (states.length === 0) return null;
  return (
    <Facet title="State">
      {states.map(([state, each]) => (
        <Choice key={state} search={search} name="state" value={state} count={sum(each)}>
          {state}
        </Choice>
      ))}
    </Facet>
  );
}

function Steps({ steps, search }: { steps: readonly string[]; search: ListSearch }) {
  if (steps.length === 0) return null;
  return (
    <Facet title="At the step">
      {steps.map((step) => (
        <Choice key={step} search={search} name="step" value={step}>
          {step}
        </Choice>
      ))}
    </Facet>
  );
}

function Facet({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title} className="mb-4">
      <h2 className="mb-0.5 px-2 text-2xs font-medium text-muted">{title}</h2>
      <ul>{children}</ul>
    </section>
  );
}

/** A link to the list with this filter, or without it where it holds already. */
function Choice<K extends keyof ListSearch>({
  search,
  name,
  value,
  count,
  children,
}: {
  search: ListSearch;
  name: K;
  value: NonNullable<ListSearch[K]>;
  count?: { count: number; more: boolean };
  children: ReactNode;
}) {
  const holds = search[name] === value;
  return (
    <li>
      <Link
        to="/instances"
        search={withFilter(search, name, holds ? undefined : value)}
        {...(holds ? { 'aria-current': 'true' } : {})}
        className={`flex h-6.5 items-center gap-2 rounded-md px-2 text-sm ${holds ? 'bg-selected font-medium' : 'hover:bg-hover'}`}
        activeProps={{}}
      >
        <span className="flex min-w-0 items-center gap-2 truncate">{children}</span>
        {count !== undefined && (
          <span className={`tabular ml-auto text-xs ${count.count === 0 ? 'text-faint' : 'text-muted'}`}>
            {number(count.count)}
            {count.more ? '+' : ''}
          </span>
        )}
      </Link>
    </li>
  );
}

function sum(counts: readonly Count[]): { count: number; more: boolean } {
  return {
    count: counts.reduce((total, { count }) => total + count, 0),
    more: counts.some(({ more }) => more),
  };
}
