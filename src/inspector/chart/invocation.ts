/** The id of an invocation: what follows the sequence in its key. */
export function invokeIdOf(key: string): string {
  return key.slice(key.indexOf(':') + 1);
}

/** What people call an invocation: its id where its author gave one, else what it runs. */
export function invocationName(id: string, src: string): string {
  // XState makes up `0.machine.state` for one without, the engine `!2.action` for an action.
  return /^!?\d+\./.test(id) ? src : id;
}
