import { useEffect, useEffectEvent } from 'react';
import type { Change } from '../../http/types.ts';

/** Listens to what happens to all instances. One stream serves the whole page: a browser gives few to a host. */

/** By then what was asked for at first has come, and is not asked for twice at a time. */
const SETTLED_MS = 500;

type Listener = (change: Change) => void;

const listeners = new Set<Listener>();
const reopened = new Set<() => void>();
let source: EventSource | undefined;

/** Told when the stream breaks: something is away, and that is seen here first. */
let onLost = (): void => {};
export function whenLost(listener: () => void): void {
  onLost = listener;
}

function openLater(): void {
  const closed = source;
  setTimeout(() => {
    if (source === closed && listeners.size > 0) open();
  }, 3_000);
}

function open(): void {
  source = new EventSource('/events');
  let lost = false;
  const tell = (event: MessageEvent<string>): void => {
    const change = JSON.parse(event.data) as Change;
    for (const listener of listeners) listener(change);
  };
  source.addEventListener('transition', tell);
  source.addEventListener('step', tell);
  source.addEventListener('status', tell);
  source.addEventListener('open', () => {
    const askAgain = (): void => {
      for (const again of reopened) again();
    };
    // The browser resumes by Last-Event-ID; steps are not repeated, so that all is asked anew. So it is after the first
    // opening, a moment later: what came between the first answers and the stream is in neither.
    if (lost) askAgain();
    else setTimeout(askAgain, SETTLED_MS);
    lost = false;
  });
  source.addEventListener('error', () => {
    lost = true;
    onLost();
    // An answer that is no stream ends it for good, as while the server starts or a session is over.
    if (source?.readyState === EventSource.CLOSED) openLater();
  });
  // What this browser resumes from is not in the database any more: it would ask for it again and again.
  source.addEventListener('problem', (event: MessageEvent<string>) => {
    if ((JSON.parse(event.data) as { code?: string }).code !== 'INVALID_CURSOR') return;
    source?.close();
    openLater();
  });
}

/** Calls back with each change while the component is there, and after a gap with `onGap`. */
export function useChanges(onChange: Listener, onGap: () => void = () => {}): void {
  const change = useEffectEvent(onChange);
  const gap = useEffectEvent(onGap);
  useEffect(() => {
    const listener: Listener = (item) => change(item);
    const again = (): void => gap();
    listeners.add(listener);
    reopened.add(again);
    if (source === undefined) open();
    return () => {
      listeners.delete(listener);
      reopened.delete(again);
      // Not at once: the next page will want it.
      setTimeout(() => {
        if (listeners.size > 0) return;
        source?.close();
        source = undefined;
      }, 1_000);
    };
  }, []);
}
