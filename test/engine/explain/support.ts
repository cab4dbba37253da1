import { expect } from 'vitest';
import type { DurableEngine } from '../../../src/engine/engine.ts';
import type { Cause, CauseCode, Explanation } from '../../../src/index.ts';

/** Ends a worker as a killed process ends. */
export async function kill(engine: unknown): Promise<void> {
  await (engine as DurableEngine).kill();
}

/** The cause with a code, which must be there. */
export function cause<Code extends CauseCode>(explanation: Explanation, code: Code): Cause<Code> {
  const found = explanation.causes.find((each) => each.code === code);
  expect(found, JSON.stringify(explanation, null, 1)).toBeDefined();
  return found as unknown as Cause<Code>;
}

export function codes(explanation: Explanation): CauseCode[] {
  return explanation.causes.map(({ code }) => code);
}

/** The names of the operations that it offers. */
export function offered({ operations }: Pick<Explanation, 'operations'>): string[] {
  return operations.map(({ operation }) => operation);
}
