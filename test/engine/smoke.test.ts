import { assign, fromPromise, setup } from 'xstate';
import { expect, test } from 'vitest';
import { createEngine } from '../../src/create-engine.ts';
import { defineWorkflow } from '../../src/index.ts';
import { migrate } from '../../src/store/migrate.ts';
import { createDatabase } from '../support/database.ts';

test('runs a machine from start to end', async () => {
  const database = await createDatabase();
  await migrate(database.url);
  const machine = setup({
    types: {} as { context: { n: number }; input: { n: number }; output: { n: number } },
    actors: { add: fromPromise<number, number>(async ({ input }) => input + 1) },
  }).createMachine({
    id: 'adder',
    context: ({ input }) => ({ n: input.n }),
    initial: 'A',
    output: ({ context }) => ({ n: context.n }),
    states: {
      A: { invoke: { id: 'add', src: 'add', input: ({ context }) => context.n, onDone: { target: 'B', actions: assign({ n: ({ event }) => event.output }) } } },
      B: { after: { 50: 'C' } },
      C: { on: { GO: 'D' } },
      D: { invoke: { id: 'add', src: 'add', input: ({ context }) => context.n, onDone: { target: 'E', actions: assign({ n: ({ event }) => event.output }) } } },
      E: { type: 'final' },
    },
  });
  const engine = createEngine({ database: database.url, workflows: [defineWorkflow({ machine })], artifacts: undefined as never });
  await engine.work();
  const { id } = await engine.start('adder', { n: 1 });
  for await (const change of engine.subscribe({ id, after: '0' })) {
    console.log(change.type, change.type === 'transition' ? `${change.entry.sequence} ${change.entry.from} -> ${change.entry.to}` : `${change.step.key} ${change.step.status}`);
    if (change.type === 'transition' && change.entry.to === 'C') break;
  }
  await expect(engine.send(id, { type: 'NOPE' })).rejects.toMatchObject({ code: 'UNKNOWN_EVENT' });
  await engine.send(id, { type: 'GO' });
  expect(await engine.result(id, { timeout: 5000 })).toEqual({ n: 3 });
  await expect(engine.send(id, { type: 'GO' })).rejects.toMatchObject({ code: 'INSTANCE_ENDED' });
  console.log(JSON.stringify(await engine.get(id)));
  console.log((await engine.history(id)).items.map((entry) => `${entry.event} ${entry.from}→${entry.to} ${entry.step?.step}`));
  await engine.stop();
  await database.drop();
});
