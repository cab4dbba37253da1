/** XState's own event for going to a state that has a `route`: the one of its own that comes from outside. */
const ROUTE = 'xstate.route';

/** Whether XState sends it to the machine itself. */
export function isInternal(type: string): boolean {
  return type.startsWith('xstate.') && type !== ROUTE;
}

/** Of a machine's event descriptors those that can come from outside, in order. */
export function externalEventTypes(descriptors: readonly string[]): string[] {
  return [...new Set(descriptors)].filter((type) => !isInternal(type)).toSorted();
}

/** Whether an event of this type fits one of the descriptors: the type itself, `*`, or `name.*` for all that begin with `name.`. */
export function matchesEventType(type: string, descriptors: readonly string[]): boolean {
  if (type === '' || type === '*' || isInternal(type)) return false;
  if (type === ROUTE) return descriptors.includes(ROUTE);
  return descriptors.some(
    (descriptor) =>
      descriptor === type ||
      descriptor === '*' ||
      (descriptor.endsWith('.*') && (type === descriptor.slice(0, -2) || type.startsWith(descriptor.slice(0, -1)))),
  );
}
