import type { ReactNode } from 'react';
import type { Preview } from '../../../http/types.ts';
import { Json } from '../../kit/json.tsx';
import { Status } from '../../kit/status.tsx';
import { duration } from '../../kit/time.tsx';

/** What an event would do, line by line; or why it would do nothing. */
export function PreviewView({ preview }: { preview: Preview }) {
  if (!preview.accepted) {
    return (
      <div className="text-sm">
        <p className="text-waiting">It would not be taken.</p>
        <p className="break-words text-muted">{preview.reason?.message}</p>
        <code className="font-mono text-2xs text-faint">{preview.reason?.code}</code>
      </div>
    );
  }
  const { state, status, ahead, steps, stops, timers, cancelsTimers, actions, sends, children, context, emits } =
    preview;
  return (
    <dl className="grid grid-cols-[5rem_minmax(0,1fr)] gap-x-3 gap-y-1.5 text-sm">
      <Line name="goes to">
        <span className="inline-flex flex-wrap items-center gap-2 font-medium">
          {state} <Status status={status} className="font-normal" />
        </span>
      </Line>
      {ahead > 0 ? (
        <Line name="after">
          {ahead} {ahead === 1 ? 'event' : 'events'} in the inbox, which may change it
        </Line>
      ) : null}
      {preview.error === undefined ? null : (
        <Line name="fails">
          <span className="text-failed">
            {preview.error.code}: {preview.error.reason ?? preview.error.message}
          </span>
        </Line>
      )}
      {steps.map((step) => (
        <Line key={step.key} name="starts">
          <span className="font-medium">{step.step}</span>
          <Json value={step.input} label={`input of ${step.step}`} open={1} />
        </Line>
      ))}
      {children.map((child) => (
        <Line key={child.id} name="child">
          {child.workflow} {child.id}
        </Line>
      ))}
      {stops.map((step) => (
        <Line key={step.key} name="stops">
          {step.step} ({step.status})
        </Line>
      ))}
      {timers.map((timer) => (
        <Line key={timer.id} name="timer">
          {timer.event} in {duration(timer.dueInMs)}
        </Line>
      ))}
      {cancelsTimers.map((id) => (
        <Line key={id} name="cancels">
          {id}
        </Line>
      ))}
      {actions.map(({ name, params }) => (
        <Line key={name} name="does">
          {name} {params === undefined || params === null ? '' : JSON.stringify(params)}
        </Line>
      ))}
      {sends.map(({ to, type }) => (
        <Line key={`${to} ${type}`} name="sends">
          {type} to {to}
        </Line>
      ))}
      {Object.keys(context).length === 0 ? null : (
        <Line name="context">
          <Json value={context} label="changes of the context" open={2} />
        </Line>
      )}
      {emits.length === 0 ? null : (
        <Line name="emits">
          <Json value={emits} label="what it emits" open={1} />
        </Line>
      )}
      {preview.output === undefined ? null : (
        <Line name="output">
          <Json value={preview.output} label="output" open={2} />
        </Line>
      )}
    </dl>
  );
}

function Line({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-muted">{name}</dt>
      <dd className="min-w-0 break-words">{children}</dd>
    </>
  );
}
