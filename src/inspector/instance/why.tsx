import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { Cause, Explanation } from '../../http/types.ts';
import { instancePath } from '../api/client.ts';
import { Until } from '../chart/until.tsx';
import { Button } from '../kit/button.tsx';
import { Panel } from '../kit/panel.tsx';
import { Age, duration } from '../kit/time.tsx';
import type { Asking } from './dialogs/operation-dialog.tsx';
import { OPERATIONS, type OperationName } from './dialogs/operate.ts';
import { Run } from './run.tsx';

/** In words why the instance stands where it stands, and what helps. */
export function Why({ explanation, ask }: { explanation: Explanation; ask: (asking: Asking) => void }) {
  const { id, summary, causes } = explanation;
  return (
    <Panel title="Why is it here?">
      <div className="flex flex-col gap-3 p-3 text-sm">
        <p className="text-base">{summary}</p>
        {causes.map((cause, i) => (
          // Parallel steps may stand for the same reason.
          // oxlint-disable-next-line react/no-array-index-key
          <CauseView key={`${cause.code} ${i}`} cause={cause} id={id} summary={summary} ask={ask} />
        ))}
      </div>
    </Panel>
  );
}

/** Whether it is something to be mended. */
const BAD: Readonly<Record<Cause['code'], boolean>> = {
  STATE_UNKNOWN: true,
  CHILD_FAILED: true,
  FAILED: true,
  PAUSED: false,
  WORKFLOW_PAUSED: false,
  DEAD_WORKER: true,
  WORKER_BLOCKED: true,
  NO_WORKER: true,
  OVERDUE: true,
  LOST_RUN: true,
  STEP_PAST_TIMEOUT: true,
  STEP_SILENT: true,
  QUEUE_PAUSED: false,
  CHILD_STUCK: true,
  RETRYING: false,
  QUEUED: false,
  RUNNING: false,
  FAN_OUT: false,
  CHILD_RUNNING: false,
  WAITING: false,
  SCHEDULED: false,
  ACTION_FAILED: true,
  LONG_HISTORY: false,
  UNKNOWN_WORKFLOW: true,
  DONE: false,
  CANCELLED: false,
};

function CauseView({
  cause,
  id,
  summary,
  ask,
}: {
  cause: Cause;
  id: string;
  summary: string;
  ask: (asking: Asking) => void;
}) {
  // Those of a child are offered on the child's own page.
  const helps = cause.operations.filter(
    ({ operation, request }) =>
      (OPERATIONS as readonly string[]).includes(operation) && request.path.startsWith(instancePath(id, '/')),
  );
  const isSaid = summary.includes(cause.words);
  return (
    <section aria-label={cause.code} className="flex flex-col gap-1.5">
      <div className="flex flex-wrap items-baseline gap-x-2">
        <code className={`font-mono text-2xs font-semibold ${BAD[cause.code] ? 'text-failed' : 'text-muted'}`}>
          {cause.code}
        </code>
        <CauseTime cause={cause} />
      </div>
      {isSaid ? null : <p>{cause.words}</p>}
      <CauseDetails cause={cause} />
      {helps.map((helping) => (
        <div key={helping.command} className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <Button
            onPress={() => ask({ operation: helping.operation as OperationName, ...askedOf(helping.request.body) })}
          >
            <span className="capitalize">{helping.operation}</span>
          </Button>
          <span className="min-w-0 flex-1 text-xs text-muted">{helping.words}</span>
        </div>
      ))}
    </section>
  );
}

/** The step or the moment that an offered request is about. */
function askedOf(body: Record<string, unknown> | undefined): Pick<Asking, 'step' | 'at'> {
  const { step, to } = body ?? {};
  return {
    ...(typeof step === 'string' ? { step } : {}),
    ...(typeof to === 'number' ? { at: to } : {}),
  };
}

/** A countdown, or since when. */
function CauseTime({ cause }: { cause: Cause }) {
  const tone = 'text-xs tabular text-waiting font-semibold';
  switch (cause.code) {
    case 'RETRYING':
      return (
        <span className={tone}>
          attempt {cause.attempt + 1} of {cause.maxAttempts} <Until at={cause.nextAttemptAt} />
        </span>
      );
    case 'SCHEDULED':
      return (
        <span className={tone}>
          starts <Until at={cause.startAt} />
        </span>
      );
    case 'WAITING':
      return <Timers deadline={cause.deadline} next={cause.nextTimer} tone={tone} />;
    case 'RUNNING':
      return (
        <span className="tabular text-xs text-running">
          for <Age at={cause.since} />
          {cause.usual === null ? '' : `; usually ${duration(cause.usual.p50Ms)}`}
        </span>
      );
    default:
      return null;
  }
}

type Timer = Extract<Cause, { code: 'WAITING' }>['deadline'];

/** The deadline, and what comes before it. */
function Timers({ deadline, next, tone }: { deadline: Timer; next: Timer; tone: string }) {
  const other = next === null || next.timer === deadline?.timer ? null : next;
  return (
    <>
      {other === null ? null : (
        <span className={tone}>
          next timer <Until at={other.dueAt} />
        </span>
      )}
      {deadline === null ? null : (
        <span className={tone}>
          deadline <Until at={deadline.dueAt} />
        </span>
      )}
    </>
  );
}

function CauseDetails({ cause }: { cause: Cause }) {
  const run = 'runId' in cause && cause.runId !== null ? <Run id={cause.runId} /> : null;
  if (cause.code === 'RUNNING') {
    return (
      <>
        <Progress of={cause.step} part={cause.progress} />
        {cause.message === null ? null : <p className="text-xs text-muted">{cause.message}</p>}
        {run}
      </>
    );
  }
  if ('error' in cause && cause.error !== null) return <ErrorText error={cause.error} />;
  if ('leaf' in cause && cause.leaf !== null) {
    return (
      <p>
        <Link to="/instances/$id" params={{ id: cause.leaf.id }} className="font-mono text-accent hover:underline">
          {cause.leaf.id}
        </Link>{' '}
        <span className="text-muted">{cause.leaf.words}</span>
      </p>
    );
  }
  return run;
}

/** How far a step is; one that does not say breathes. */
function Progress({ of, part }: { of: string; part: number | null }) {
  const percent = part === null ? null : Math.round(part * 100);
  return (
    <div
      role="progressbar"
      aria-label={`Progress of ${of}`}
      aria-valuemin={0}
      aria-valuemax={100}
      {...(percent === null ? {} : { 'aria-valuenow': percent })}
      className="h-1.5 overflow-hidden rounded-full bg-line"
    >
      <div
        className={`h-full rounded-full bg-running transition-[width] ${percent === null ? 'breathe' : ''}`}
        style={{ width: `${percent ?? 100}%` }}
      />
    </div>
  );
}

/** Code, class and message; the stack for whoever wants it. */
export function ErrorText({
  error,
}: {
  error: {
    code: string;
    class: string;
    name: string;
    message: string;
    reason?: string | undefined;
    stack?: string | undefined;
  };
}) {
  const [open, setOpen] = useState(false);
  return (
    <div className="min-w-0 rounded-md border border-failed/40 bg-failed/8 px-3 py-2">
      <div className="flex flex-wrap items-baseline gap-x-2">
        <code className="font-mono text-xs font-semibold text-failed">{error.code}</code>
        <span className="text-xs text-muted">
          {error.class}, {error.name}
        </span>
      </div>
      <p className="break-words">{error.reason ?? error.message}</p>
      {error.stack === undefined ? null : (
        <>
          <Button kind="quiet" className="-ml-2 h-6! text-xs!" onPress={() => setOpen(!open)} aria-expanded={open}>
            {open ? 'Hide the stack' : 'Show the stack'}
          </Button>
          {open ? (
            <pre
              tabIndex={0}
              aria-label="Stack"
              className="overflow-x-auto font-mono text-2xs whitespace-pre text-muted"
            >
              {error.stack}
            </pre>
          ) : null}
        </>
      )}
    </div>
  );
}
