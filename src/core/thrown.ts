/** One line about anything that was thrown, an error or not. Never throws. */
export function describe(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return String(thrown);
  const { message, errors, code, name } = thrown as Record<string, unknown>;
  if (typeof message === 'string' && message !== '') return message;
  // Node's error of a refused connection has only the errors of each address.
  if (Array.isArray(errors) && errors.length > 0) return errors.slice(0, 3).map(shortly).join('; ');
  if (thrown instanceof Error) return shortly({ code, name });
  try {
    return JSON.stringify(thrown);
  } catch {
    return Object.prototype.toString.call(thrown);
  }
}

function shortly(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return String(thrown);
  const { message, code, name } = thrown as Record<string, unknown>;
  return String(message || code || name);
}
