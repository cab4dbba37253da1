import { StepError } from './error.ts';
import type { StepDefinition } from './step.ts';
import { describe } from './thrown.ts';
import { decoded } from './undefined.ts';

/** Characters that a concurrency key may have. */
const LONGEST = 128;

/**
 * The key under which an invocation counts against its step's `concurrency`; undefined where the step has none.
 * @param input as the step's schema gave it
 * @throws StepError `INVALID_CONCURRENCY_KEY`
 */
export function concurrencyKeyOf(definition: StepDefinition, step: string, input: unknown): string | undefined {
  if (definition.concurrencyKey === undefined) return undefined;
  let key: unknown;
  try {
    key = definition.concurrencyKey(input);
  } catch (error) {
    throw invalid(step, `threw: ${safely(() => describe(error)) ?? 'something that cannot be read'}`, error);
  }
  if (typeof key === 'string' && key.length >= 1 && key.length <= LONGEST) return key;
  // An async function's rejection would end the process.
  if (key instanceof Promise) key.catch(() => {});
  throw invalid(step, `gave ${typeof key === 'string' ? `${key.length} characters` : wordFor(key)}`);
}

/** The same for a stored input. Undefined too where no key can be had: the attempt itself then fails for that reason. */
export function placeKeyOf(definition: StepDefinition, step: string, input: unknown): string | undefined {
  if (definition.concurrencyKey === undefined) return undefined;
  return safely(() => {
    const value = decoded(input);
    return concurrencyKeyOf(definition, step, definition.input === undefined ? value : definition.input.parse(value));
  });
}

function invalid(step: string, what: string, cause?: unknown): StepError {
  const wanted = `It must give the same text for the same input, of 1 to ${LONGEST} characters, and not as a promise.`;
  return new StepError('INVALID_CONCURRENCY_KEY', `concurrencyKey of ${step} ${what}. ${wanted}`, {
    cause,
  });
}

function wordFor(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return value instanceof Promise ? 'a promise' : `a value of type ${typeof value}`;
}

function safely<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
