import type { Preview } from '../http/types.ts';
import { statusColor } from './standing.ts';
import { printFields } from './table.ts';
import { paint, type Terminal } from './terminal.ts';
import { duration, plain, safeJson, wrap } from './text.ts';

/** Shows what an event would do. Each thing that it would start, stop or send has a line of its own. */
export function printPreview(terminal: Terminal, type: string, preview: Preview): void {
  const { accepted, reason, state, status, ahead, error } = preview;
  if (!accepted) {
    terminal.out(`${paint(terminal, 'yellow', `${plain(type)} would not be taken`)}  ${reason?.code ?? ''}\n`);
    for (const line of wrap(plain(reason?.message ?? ''), terminal.columns())) terminal.out(`${line}\n`);
    return;
  }
  const to = state === '' ? '' : ` in ${paint(terminal, 'bold', plain(state))}`;
  terminal.out(
    `${plain(type)} would leave it ${paint(terminal, statusColor(status), status)}${to}; nothing was sent\n`,
  );
  if (ahead > 0)
    terminal.out(
      paint(terminal, 'dim', `after the ${ahead} event${ahead === 1 ? '' : 's'} in its inbox, which may change that\n`),
    );
  if (error !== undefined)
    terminal.out(`${paint(terminal, 'red', plain(error.code))}: ${plain(error.reason ?? error.message)}\n`);
  const lines = effects(preview);
  if (lines.length > 0) printFields(terminal, lines);
}

function effects(preview: Preview): (readonly [string, string])[] {
  const { steps, stops, timers, cancelsTimers, actions, sends, children, context, emits, output } = preview;
  return [
    ...steps.map(({ step, input }) => ['starts', `${step} ${safeJson(input)}`] as const),
    ...children.map(({ id, workflow, input }) => ['child', `${workflow} ${id} ${safeJson(input)}`] as const),
    ...stops.map(
      ({ step, status, childId }) => ['stops', `${step}${childId === null ? ` (${status})` : ` ${childId}`}`] as const,
    ),
    ...timers.map(
      ({ id, event, dueInMs }) =>
        ['timer', `${id === event ? id : `${id} (${event})`} in ${duration(dueInMs)}`] as const,
    ),
    ...cancelsTimers.map((id) => ['cancels', id] as const),
    ...actions.map(
      ({ name, params }) => ['action', `${name}${params === null ? '' : ` ${safeJson(params)}`}`] as const,
    ),
    ...sends.map(({ to, type, payload }) => ['sends', `${type} to ${to} ${safeJson(payload)}`] as const),
    ...emits.map((value) => ['emits', safeJson(value)] as const),
    ...Object.entries(context).map(([key, value]) => ['context', `${key} = ${safeJson(value)}`] as const),
    ...(output === undefined ? [] : [['output', safeJson(output)] as const]),
  ];
}
