/** Names a transition the same, whether the funnel tells of it (`*`, `always`) or the definition (empty). */
export function edgeKey(from: string | null, event: string, to: string): string {
  const path = (name: string | null): string | null => (name === '*' ? '' : name);
  return JSON.stringify([path(from), event === 'always' ? '' : event, path(to)]);
}
