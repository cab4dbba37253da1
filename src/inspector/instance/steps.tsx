import { Link } from '@tanstack/react-router';
import { useEffect, useRef, type ReactNode } from 'react';
import type { Instance, LogLine, StepDetail } from '../../http/types.ts';
import { invocationName, invokeIdOf } from '../chart/invocation.ts';
import { Until } from '../chart/until.tsx';
import { Button } from '../kit/button.tsx';
import { Json } from '../kit/json.tsx';
import { Status } from '../kit/status.tsx';
import { absolute, duration } from '../kit/time.tsx';
import type { Asking } from './dialogs/operation-dialog.tsx';
import { skippable } from './dialogs/skip-fields.tsx';
import { FanOut } from './fan-out.tsx';
import { Run } from './run.tsx';
import { ErrorText } from './why.tsx';

/** The invocations: on the left all of them, on the right one with everything about it. */
export function Steps({
  instance,
  steps,
  selected,
  onSelect,
  legal,
  ask,
}: {
  instance: Instance;
  steps: readonly StepDetail[];
  selected: string | undefined;
  onSelect: (key: string) => void;
  legal: readonly string[];
  ask: (asking: Asking) => void;
}) {
  if (steps.length === 0) return <p className="p-4 text-sm text-muted">No step was invoked yet.</p>;
  // Without a choice the one that matters: what failed, what runs, else the last.
  const shown =
    steps.find(({ key }) => key === selected) ??
    steps.findLast(({ status }) => status === 'failed') ??
    steps.findLast(({ status }) => status === 'running' || status === 'retrying') ??
    steps.at(-1);
  return (
    <div className="grid md:grid-cols-[17rem_minmax(0,1fr)]">
      <ul
        aria-label="Steps"
        className="max-h-120 overflow-y-auto border-line py-1 max-md:max-h-56 max-md:border-b md:border-r"
      >
        {steps.map((step) => (
          <li key={step.key}>
            <button
              type="button"
              aria-pressed={step.key === shown?.key}
              onClick={() => onSelect(step.key)}
              className={`flex w-full items-center gap-2 px-3 py-1 text-left text-sm hover:bg-hover ${step.key === shown?.key ? 'bg-selected' : ''}`}
            >
              <span className="min-w-0 flex-1 truncate">
                {invocationName(invokeIdOf(step.key), step.step)}{' '}
                <span className="text-xs text-muted">after {step.key.slice(0, step.key.indexOf(':'))}</span>
              </span>
              {step.attempt > 1 ? <span className="tabular text-xs text-muted">×{step.attempt}</span> : null}
              <Status status={step.status} className="text-xs" />
            </button>
          </li>
        ))}
      </ul>
      {shown === undefined ? null : (
        <StepView
          key={shown.key}
          step={shown}
          isFocused={shown.key === selected}
          canSkip={legal.includes('skip') && skippable(instance).some(({ key }) => key === shown.key)}
          canRetry={
            legal.includes('retry') &&
            (shown.status === 'failed' || (shown.fanOut?.failed ?? 0) > 0) &&
            instance.steps.some(({ key }) => key === shown.key)
          }
          ask={ask}
        />
      )}
    </div>
  );
}

function StepView({
  step,
  isFocused,
  canSkip,
  canRetry,
  ask,
}: {
  step: StepDetail;
  isFocused: boolean;
  canSkip: boolean;
  canRetry: boolean;
  ask: (asking: Asking) => void;
}) {
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    if (isFocused) box.current?.scrollIntoView({ block: 'nearest' });
  }, [isFocused]);
  const ms =
    step.startedAt !== null && step.finishedAt !== null
      ? new Date(step.finishedAt).getTime() - new Date(step.startedAt).getTime()
      : null;
  return (
    <section ref={box} aria-label={`Step ${step.key}`} className="flex min-w-0 flex-col gap-3 p-3">
      <header className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <h3 className="font-semibold">{step.step}</h3>
        <code className="font-mono text-xs text-muted">{step.key}</code>
        <Status status={step.status} />
        <span className="text-xs text-muted">
          {[
            step.fanOut === null ? `attempt ${step.attempt} of ${step.maxAttempts}` : 'fan-out',
            ms === null ? '' : `took ${duration(ms)}`,
          ]
            .filter((part) => part !== '')
            .join(', ')}
        </span>
        {step.nextAttemptAt !== null && step.status === 'retrying' ? (
          <span className="tabular text-xs font-semibold text-waiting">
            again <Until at={step.nextAttemptAt} />
          </span>
        ) : null}
        <span className="ml-auto flex gap-1.5">
          {canRetry ? (
            <Button kind="solid" onPress={() => ask({ operation: 'retry' })}>
              Retry
            </Button>
          ) : null}
          {canSkip ? <Button onPress={() => ask({ operation: 'skip', step: step.key })}>Skip</Button> : null}
        </span>
      </header>
      {step.fanOut === null ? null : <FanOut fanOut={step.fanOut} isRunning={step.status === 'running'} />}
      {step.message === null ? null : <p className="text-sm text-muted">{step.message}</p>}
      {step.childId === null ? null : (
        <Link
          to="/instances/$id"
          params={{ id: step.childId }}
          className="self-start font-mono text-accent hover:underline"
        >
          {step.childId}
        </Link>
      )}
      {step.error === null ? null : <ErrorText error={step.error} />}
      <div className="grid gap-3 lg:grid-cols-2">
        <Part title="Input">
          <Json value={step.input} label="the input" open={2} />
        </Part>
        <Part title="Output">
          {step.output === null ? (
            <p className="text-sm text-faint">none</p>
          ) : (
            <Json value={step.output} label="the output" open={2} />
          )}
        </Part>
      </div>
      {step.attempts.length === 0 ? null : (
        <Part title="Attempts">
          <ul className="flex flex-col gap-2">
            {step.attempts.map((attempt) => (
              <li key={`${attempt.attempt} ${attempt.startedAt}`} className="flex flex-col gap-1">
                <span className="text-sm">
                  {attempt.attempt}: {attempt.outcome} after{' '}
                  {duration(new Date(attempt.finishedAt).getTime() - new Date(attempt.startedAt).getTime())}
                </span>
                {attempt.error === undefined ||
                (attempt.error.reason ?? attempt.error.message) ===
                  (step.error?.reason ?? step.error?.message) ? null : (
                  <ErrorText error={attempt.error} />
                )}
                {attempt.runId === undefined ? null : <Run id={attempt.runId} />}
                {attempt.logs === undefined ? null : <Logs lines={attempt.logs} />}
              </li>
            ))}
          </ul>
        </Part>
      )}
      {step.logs.length === 0 ? null : (
        <Part title="Log">
          <Logs lines={step.logs} />
        </Part>
      )}
    </section>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title} className="min-w-0">
      <h4 className="mb-1 text-xs font-semibold text-muted">{title}</h4>
      {children}
    </section>
  );
}

const LEVELS = { debug: 'text-faint', info: 'text-muted', warn: 'text-waiting', error: 'text-failed' } as const;

function Logs({ lines }: { lines: readonly LogLine[] }) {
  return (
    <ul className="flex flex-col gap-0.5 font-mono text-xs">
      {lines.map((line, i) => (
        // Lines may be the same to the millisecond.
        // oxlint-disable-next-line react/no-array-index-key
        <li key={i} className="flex flex-wrap gap-x-2">
          <time dateTime={line.at} title={absolute(line.at)} className="text-faint">
            {line.at.slice(11, 23)}
          </time>
          <span className={LEVELS[line.level]}>{line.level}</span>
          <span className="min-w-0 break-words">{line.message}</span>
          {line.fields === undefined ? null : (
            <span className="min-w-0 break-all text-muted">{JSON.stringify(line.fields)}</span>
          )}
        </li>
      ))}
    </ul>
  );
}
