import { useSyncExternalStore } from 'react';

/** One clock for all times on the page. */
const TICK_MS = 1_000;
const watchers = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(watcher: () => void): () => void {
  watchers.add(watcher);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of watchers) each();
  }, TICK_MS);
  return () => {
    watchers.delete(watcher);
    if (watchers.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** Now, in whole ticks. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}

/** How long ago or ahead a time is; the time itself is shown on hover. */
export function Time({ at, className = '' }: { at: string; className?: string }) {
  // Only what is shown makes it render anew.
  const text = useSyncExternalStore(subscribe, () => relative(new Date(at).getTime() - now));
  return (
    <time dateTime={at} title={absolute(at)} className={`tabular whitespace-nowrap ${className}`}>
      {text}
    </time>
  );
}

/** How long it has been since then. */
export function Age({ at, className = '' }: { at: string; className?: string }) {
  const text = useSyncExternalStore(subscribe, () => duration(Math.max(0, now - new Date(at).getTime())));
  return (
    <time dateTime={at} title={absolute(at)} className={`tabular whitespace-nowrap ${className}`}>
      {text}
    </time>
  );
}

const UNITS: readonly [ms: number, name: string][] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1_000, 's'],
];

/** `340 ms`, `2.4 s`, `3m 12s`, `5d 2h` */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000)
    return ms < 10_000 && ms % 1_000 !== 0 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 1_000)} s`;
  const at = UNITS.findIndex(([size]) => ms >= size);
  const [size, name] = UNITS[at] as [number, string];
  const [nextSize, nextName] = UNITS[at + 1] as [number, string];
  const whole = Math.floor(ms / size);
  const rest = Math.floor((ms - whole * size) / nextSize);
  return rest === 0 ? `${whole}${name}` : `${whole}${name} ${rest}${nextName}`;
}

/** `now`, `12s ago`, `in 3h` */
export function relative(ms: number): string {
  const size = Math.abs(ms);
  if (size < 2_000) return 'now';
  const [unit, name] = UNITS.find(([unit]) => size >= unit) as [number, string];
  const text = `${Math.floor(size / unit)}${name}`;
  return ms < 0 ? `${text} ago` : `in ${text}`;
}

/** A time as people here write it, to the millisecond, with the zone. */
export function absolute(at: string): string {
  const date = new Date(at);
  return date.toLocaleString(undefined, {
    dateStyle: 'medium',
    timeStyle: 'long',
  });
}
