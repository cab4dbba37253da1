import type { Definition } from '../../http/types.ts';

/** What makes a transition happen, as people say it; `always` and empty are none. @param from path of the state that has it */
export function eventWords({ states }: Definition, from: string | null, event: string): string {
  const [, outcome, id] = /^xstate\.(done|error)\.actor\.(.*)$/.exec(event) ?? [];
  if (outcome !== undefined && id !== undefined) {
    const src = states.find(({ path }) => path === from)?.invoke.find((each) => each.id === id)?.src ?? id;
    return `${src} ${outcome === 'done' ? 'succeeds' : 'fails'}`;
  }
  if (event === '' || event === 'always') return 'of itself';
  if (event === 'xstate.init') return 'it begins';
  if (event.startsWith('xstate.done.state.')) return `${from === null || from === '' ? 'all' : from} is done`;
  const [, delay] = /^xstate\.after\.([^.]*)\./.exec(event) ?? [];
  return delay === undefined ? event : `after ${/^\d+$/.test(delay) ? `${delay} ms` : delay}`;
}
