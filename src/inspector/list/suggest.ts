import type { ListSearch } from './search.ts';
import { CONDITIONS, withFilter } from './search.ts';
import { STATUSES } from '../kit/status.tsx';

/** Something that what was typed may mean. */
export type Suggestion = { id: string; words: string; value: string } & (
  | { kind: 'filter'; key: keyof ListSearch }
  | { kind: 'open' }
);

/** What there is to filter by. */
export interface Known {
  workflows: readonly string[];
  states: readonly string[];
  steps: readonly string[];
}

const MOST = 12;
const IS_ID = /^[\w.~-]{3,200}$/;

/** What a text may mean, likeliest first: one field serves for all filters, and for an instance's id. */
export function suggest(typed: string, known: Known): Suggestion[] {
  const text = typed.trim();
  const [, prefix, rest] = /^(\w+):\s*(.*)$/.exec(text) ?? [];
  const filter = (key: keyof ListSearch, words: string, value: string): Suggestion => ({
    id: `${key} ${value}`,
    kind: 'filter',
    key,
    words,
    value,
  });
  const named = [
    ...STATUSES.map((value) => filter('status', 'status', value)),
    ...CONDITIONS.map((value) => filter('is', 'is', value)),
    ...known.states.map((value) => filter('state', 'state', value)),
    ...known.steps.map((value) => filter('step', 'step', value)),
    ...known.workflows.map((value) => filter('workflow', 'workflow', value)),
  ];
  const wanted = (rest ?? text).toLowerCase();
  const fitting = named.filter(
    ({ words, value }) =>
      (prefix === undefined || words.startsWith(prefix.toLowerCase())) && value.toLowerCase().includes(wanted),
  );
  // What begins with it comes before what has it somewhere.
  fitting.sort(
    (a, b) => Number(b.value.toLowerCase().startsWith(wanted)) - Number(a.value.toLowerCase().startsWith(wanted)),
  );
  const free = text === '' ? [] : freeText(rest ?? text, prefix?.toLowerCase(), filter);
  return [...fitting.slice(0, text === '' ? STATUSES.length + CONDITIONS.length : MOST), ...free];
}

/** Values that nobody can list. */
function freeText(
  text: string,
  prefix: string | undefined,
  filter: (key: keyof ListSearch, words: string, value: string) => Suggestion,
): Suggestion[] {
  if (text === '') return [];
  const is = (name: string): boolean => prefix === undefined || name.startsWith(prefix);
  return [
    ...(is('error') ? [filter('errorCode', 'error code', text.toUpperCase().replaceAll(' ', '_'))] : []),
    ...(is('tag') ? [filter('tag', 'tag', text)] : []),
    ...(is('tenant') ? [filter('tenant', 'tenant', text)] : []),
    ...(is('id') && IS_ID.test(text)
      ? [{ id: `open ${text}`, kind: 'open', words: 'open instance', value: text } as const]
      : []),
  ];
}

export function applied(search: ListSearch, suggestion: Suggestion & { kind: 'filter' }): ListSearch {
  return withFilter(search, suggestion.key, suggestion.value as never);
}
