import { createMachine, fromPromise } from 'xstate';
import { definitionOf, type Definition } from '../../../src/core/definition.ts';

/** The definition of a machine, as the API sends it. */
export function definition(config: object): Definition {
  const machine = createMachine(
    { id: 'm', ...config } as never,
    { actors: { work: fromPromise(async () => 1) } } as never,
  );
  return JSON.parse(JSON.stringify(definitionOf(machine))) as Definition;
}
