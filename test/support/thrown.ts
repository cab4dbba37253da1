import * as fc from 'fast-check';

class PaymentError extends Error {
  override readonly name = 'PaymentError';
}

const CLASSES = [Error, TypeError, RangeError, SyntaxError, PaymentError];

/** Plain JSON, as code throws it and puts it on errors. */
const json: fc.Arbitrary<unknown> = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value)));

const fields = fc.dictionary(
  fc.constantFrom('code', 'status', 'type', 'class', 'attempt', 'details', 'retryable', 'response', 'toJSON'),
  fc.oneof(fc.constantFrom('E_CARD', 'ENOENT', 'RATE_LIMITED', 402, 404, 503, null), json),
  { maxKeys: 4 },
);

/** Errors with fields and causes, and what else code throws. */
export const thrown: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  error: fc
    .record({
      make: fc.constantFrom(...CLASSES),
      message: fc.constantFrom('', 'declined', 'no such thing', 'a\nb', 'ä €'),
      fields,
      cause: fc.option(tie('any'), { nil: undefined, depthSize: 'small' }),
    })
    .map(({ make, message, fields: own, cause }) =>
      Object.assign(cause === undefined ? new make(message) : new make(message, { cause }), own),
    ),
  many: fc.array(tie('error'), { maxLength: 3 }).map((errors) => new AggregateError(errors as Error[], 'several')),
  // Deeper than what is kept it would be another one.
  any: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'thrown' },
    { weight: 2, arbitrary: json },
    { weight: 6, arbitrary: tie('error') },
    { weight: 1, arbitrary: tie('many') },
    { weight: 1, arbitrary: fc.constantFrom<unknown>(undefined, null, '', 'card', 0, 402, false) },
  ),
})).any;

/** All that a machine can see of a thrown value, as JSON. */
export function factsOf(value: unknown): unknown {
  if (!(value instanceof Error)) return { type: typeof value, text: text(value), json: JSON.stringify(value) ?? null };
  const { name, message, cause } = value;
  return {
    error: CLASSES.filter((type) => type !== PaymentError && value instanceof type).map((type) => type.name),
    text: text(value),
    name,
    message,
    hasStack: typeof value.stack === 'string',
    keys: Object.keys(value)
      .filter((key) => key !== 'name')
      .toSorted(),
    fields: Object.fromEntries(
      Object.entries(value)
        .filter(([key]) => key !== 'name')
        .map(([key, field]): [string, unknown] => [key, JSON.stringify(field) ?? null]),
    ),
    cause: Object.hasOwn(value, 'cause') ? factsOf(cause) : null,
    errors: value instanceof AggregateError ? value.errors.map(factsOf) : null,
  };
}

function text(value: unknown): string {
  try {
    return String(value);
  } catch {
    return 'no text';
  }
}
