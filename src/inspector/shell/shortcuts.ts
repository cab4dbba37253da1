import { useEffect, useEffectEvent, useSyncExternalStore } from 'react';

/** Keys of the page. Who wants one says what it is for, so that the list of them is always right. */
export interface Shortcut {
  /** `j`, `?`, or one after the other: `g i`. */
  keys: string;
  label: string;
  group: string;
}

interface Registered extends Shortcut {
  run: () => void;
}

let registered: readonly Registered[] = [];
const watchers = new Set<() => void>();
/** How long after the first key the second one counts. */
const SECOND_KEY_MS = 1_200;

function change(next: readonly Registered[]): void {
  registered = next;
  for (const watcher of watchers) watcher();
}

/** While the component is there, these keys do this. Not while one types, nor in a dialog. */
export function useShortcut(keys: string, label: string, group: string, run: () => void): void {
  const act = useEffectEvent(run);
  useEffect(() => {
    const entry: Registered = { keys, label, group, run: () => act() };
    change([...registered, entry]);
    return () => change(registered.filter((each) => each !== entry));
  }, [keys, label, group]);
}

export function useShortcutList(): readonly Shortcut[] {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => registered,
  );
}

/** Listens; for the shell, once. @param onPalette of Ctrl or Command with K, which also works while one types */
export function useShortcutListener(onPalette: () => void): void {
  const palette = useEffectEvent(onPalette);
  useEffect(() => {
    let first: { key: string; at: number } | undefined;
    const hear = (event: KeyboardEvent): void => {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        palette();
        return;
      }
      if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey || isBusy(event.target)) return;
      const two =
        first !== undefined && Date.now() - first.at < SECOND_KEY_MS ? `${first.key} ${event.key}` : undefined;
      const found = find(two) ?? find(event.key);
      first =
        found === undefined && registered.some(({ keys }) => keys.startsWith(`${event.key} `))
          ? { key: event.key, at: Date.now() }
          : undefined;
      if (found === undefined) return;
      event.preventDefault();
      found.run();
    };
    document.addEventListener('keydown', hear);
    return () => document.removeEventListener('keydown', hear);
  }, []);
}

/** The one registered last: that of the innermost part of the page. */
function find(keys: string | undefined): Registered | undefined {
  return registered.findLast((each) => each.keys === keys);
}

function isBusy(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  const types = target.matches(
    'input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable=true]',
  );
  return types || target.closest('[role=dialog], [role=alertdialog], [role=menu], [role=listbox]') !== null;
}
