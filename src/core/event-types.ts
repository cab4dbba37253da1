/** Of a machine's event descriptors those that can come from outside, in order. */
export function externalEventTypes(descriptors: readonly string[]): string[] {
  return [...new Set(descriptors)].filter((type) => !type.startsWith('xstate.')).toSorted();
}

/** Whether an event of this type fits one of the descriptors: the type itself, `*`, or `name.*` for all that begin with `name.`. */
export function matchesEventType(type: string, descriptors: readonly string[]): boolean {
  if (type === '' || type === '*' || type.startsWith('xstate.')) return false;
  return descriptors.some(
    (descriptor) =>
      descriptor === type ||
      descriptor === '*' ||
      (descriptor.endsWith('.*') && (type === descriptor.slice(0, -2) || type.startsWith(descriptor.slice(0, -1)))),
  );
}
