import { useQuery } from '@tanstack/react-query';
import { createColumnHelper, tableFeatures } from '@tanstack/react-table';
import type { InstanceSummary, Step } from '../../http/types.ts';
import { workflowQuery } from '../api/queries.ts';
import { InstanceLink } from './instance-link.tsx';
import { StatusMark, statusColour } from '../kit/status.tsx';
import { Age, Time } from '../kit/time.tsx';
import { shortId } from './short-id.ts';

/** What is told of an instance in a line. Where a column goes on a phone stands in `rows.tsx`. */

export const features = tableFeatures({});
const column = createColumnHelper<typeof features, InstanceSummary>();

export const columns = column.columns([
  column.accessor('state', {
    header: 'State',
    cell: ({ row: { original: item } }) => (
      <span className="flex min-w-0 items-center gap-2">
        <StatusMark status={item.status} label={item.status} />
        <span className="truncate font-medium" title={`${item.state} (${item.status})`.trim()}>
          {item.state === '' ? <span className="font-normal text-muted">not begun</span> : item.state}
        </span>
      </span>
    ),
  }),
  column.accessor('id', {
    header: 'Instance',
    cell: ({ getValue }) => (
      <InstanceLink
        id={getValue()}
        // The whole line is the link.
        className="block truncate font-mono text-xs text-muted after:absolute after:inset-0 focus-visible:outline-none"
      >
        {shortId(getValue())}
      </InstanceLink>
    ),
  }),
  column.accessor('workflow', {
    header: 'Workflow',
    cell: ({ getValue }) => <span className="block truncate text-muted">{getValue()}</span>,
  }),
  column.display({
    id: 'step',
    header: 'Step',
    cell: ({ row: { original: item } }) => <Doing item={item} />,
  }),
  column.accessor('tags', {
    header: 'Tags',
    cell: ({ getValue }) => (
      <span className="flex gap-1 overflow-hidden">
        {getValue().map((tag) => (
          <span key={tag} className="truncate rounded bg-sunken px-1.5 py-px text-2xs text-muted">
            {tag}
          </span>
        ))}
      </span>
    ),
  }),
  column.accessor('updatedAt', {
    header: 'For',
    cell: ({ row: { original: item } }) =>
      item.finishedAt === null ? (
        <Age at={item.updatedAt} className="text-muted" />
      ) : (
        <span className="text-faint">–</span>
      ),
  }),
  column.accessor('createdAt', {
    header: 'Started',
    cell: ({ getValue }) => <Time at={getValue()} className="text-muted" />,
  }),
]);

/** What it is at: an error, or its steps. */
function Doing({ item }: { item: InstanceSummary }) {
  if (item.errorCode !== null) {
    return <code className="block truncate font-mono text-xs text-failed">{item.errorCode}</code>;
  }
  const [step, ...others] = item.steps;
  if (step === undefined) return item.status === 'waiting' ? <WaitsFor item={item} /> : null;
  return (
    <span className="flex min-w-0 items-center gap-2">
      <span className="truncate">{step.step}</span>
      {others.length > 0 && <span className="text-xs text-muted">+{others.length}</span>}
      <StepWords step={step} />
    </span>
  );
}

/** The events that take it on, by the definition of its workflow. */
function WaitsFor({ item }: { item: InstanceSummary }) {
  const { data } = useQuery(workflowQuery(item.workflow));
  const known = new Set(data?.events.map(({ type }) => type));
  const taken =
    data?.definition.transitions.filter(({ from, event }) => isIn(item.state, from) && known.has(event)) ?? [];
  const events = [...new Set(taken.map(({ event }) => event))].join(', ');
  if (events === '') return null;
  return (
    <span className="block truncate text-muted" title={`waits for ${events}`}>
      waits for <span className="font-mono text-xs">{events}</span>
    </span>
  );
}

/** Whether it stands in a state, or in one inside of it; what the machine itself takes is left out, as it moves nothing. */
function isIn(state: string, path: string): boolean {
  return path !== '' && (state === path || state.startsWith(`${path}.`));
}

function StepWords({ step }: { step: Step }) {
  return (
    <span className={`flex shrink-0 items-center gap-1.5 text-xs ${statusColour(step.status)}`}>
      {step.status}
      {step.attempt > 1 && (
        <span className="tabular">
          {step.attempt}/{step.maxAttempts}
        </span>
      )}
      {step.progress !== null && step.status === 'running' && (
        <progress
          value={step.progress}
          aria-label={`Progress of ${step.step}`}
          className="h-1 w-14 overflow-hidden rounded-full [&::-webkit-progress-bar]:bg-sunken [&::-webkit-progress-value]:bg-running"
        />
      )}
    </span>
  );
}
