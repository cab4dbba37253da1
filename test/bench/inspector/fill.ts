import postgres from 'postgres';
import { assign, setup } from 'xstate';
import { defineWorkflow, type Engine } from '../../../src/index.ts';

/** Goes to and fro, and counts. */
const machine = setup({
  types: {} as { context: { count: number; note: string }; events: { type: 'go' } | { type: 'count' } },
}).createMachine({
  id: 'counter',
  context: { count: 0, note: 'what an instance has with it' },
  initial: 'HERE',
  on: { count: { actions: assign({ count: ({ context }) => context.count + 1 }) } },
  states: { HERE: { on: { go: 'THERE' } }, THERE: { on: { go: 'HERE' } } },
});
export const counter = defineWorkflow({ machine });

/** The instance with the long history, and the one that moves while it is watched. */
export const LONG = 'long';
export const LIVE = 'live';
/** Requests under way. */
const AT_ONCE = 100;

export async function fill(
  engine: Engine,
  { instances, transitions }: { instances: number; transitions: number },
  say: (line: string) => void,
): Promise<void> {
  say(`bench: starting ${instances} instances`);
  await engine.start('counter', undefined as never, { id: LONG, tags: ['long'] });
  await inBatches(instances - 2, async (n) => engine.start('counter', undefined as never, { tags: [`n${n % 100}`] }));
  await engine.start('counter', undefined as never, { id: LIVE, tags: ['live'] });
  say(`bench: taking ${transitions} transitions`);
  await inBatches(transitions - 1, async (n) => engine.send(LONG, { type: n % 5 === 0 ? 'go' : 'count' }));
  while ((await engine.get(LONG)).sequence < transitions) await new Promise((resolve) => setTimeout(resolve, 50));
}

async function inBatches(count: number, one: (n: number) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < count; from += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, n) => one(from + n)));
  }
}

/** What Postgres does after so many rows have come. */
export async function tidy(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  await sql.unsafe('vacuum analyze');
  await sql.unsafe('checkpoint');
  await sql.end();
}
