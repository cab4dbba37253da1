import { assign, createMachine, sendTo, setup, type AnyActorRef, type AnyStateMachine } from 'xstate';
import { expect, test } from 'vitest';
import { defineStep, defineWorkflow } from '../../src/index.ts';
import { seeded } from '../proof/random.ts';
import { useBench } from '../support/engine.ts';
import { HOUR, ManualClock } from '../support/manual-clock.ts';

const bench = useBench();
// SEED=… repeats an order.
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

const TABLES = ['timers', 'events', 'steps', 'transitions', 'subscriptions', 'instances'];

/** Lays the rows of all tables out anew, in an order that says nothing: what is read without an order comes in it, or by the text of its ids. */
async function shuffle(): Promise<void> {
  const random = seeded(SEED);
  for (const table of TABLES) {
    const rows = await bench.sql<{ at: string }[]>`select ctid::text as at from ${bench.sql(`durachart.${table}`)}`;
    const columns = await bench.sql<{ name: string }[]>`
      select column_name as name from information_schema.columns
      where table_schema = 'durachart' and table_name = ${table} and is_generated = 'NEVER'`;
    const order = rows.map(({ at }) => [random(), at] as const).toSorted(([a], [b]) => a - b);
    const list = columns.map(({ name }) => `"${name}"`).join(', ');
    await bench.sql.begin(async (sql) => {
      await sql.unsafe(
        `create temp table laid on commit drop as select t.* from durachart.${table} t
        join unnest($1::text[]) with ordinality as o(at, n) on t.ctid = o.at::tid order by o.n`,
        [order.map(([, at]) => at)],
      );
      await sql.unsafe(`delete from durachart.${table}`);
      await sql.unsafe(`insert into durachart.${table} (${list}) select ${list} from laid`);
    });
  }
}

interface Notes {
  seen: string[];
}

const untyped = (config: object): AnyStateMachine => createMachine(config as never) as AnyStateMachine;
const note = (name: string) => assign({ seen: ({ context }: { context: Notes }) => [...context.seen, name] });
/** Against the alphabet. */
const REGIONS = ['z', 'm', 'a', 'k'];
const TWELVE = Array.from({ length: 12 }, (_, index) => `T${index}`);

test(`timers that are due at the same time fire as they were armed, and what is sent to itself comes as it was sent (seed ${SEED})`, async () => {
  const machine = untyped({
    id: 'equal',
    context: { seen: [] },
    type: 'parallel',
    states: {
      ...Object.fromEntries(
        REGIONS.map((name) => [
          name,
          { initial: 'w', states: { w: { after: { 5_000: { target: 'f', actions: note(name) } } }, f: {} } },
        ]),
      ),
      self: {
        entry: TWELVE.map((type) => sendTo(({ self }: { self: AnyActorRef }) => self, { type })),
        on: Object.fromEntries(TWELVE.map((type) => [type, { actions: note(type) }])),
      },
    },
  });
  const clock = new ManualClock();
  const workflow = defineWorkflow({ machine });
  const visitor = bench.engine([workflow], { clock });
  const { id } = await visitor.start('equal', undefined);
  const armed = (await visitor.get(id)).timers.map((timer) => timer.id);
  await shuffle();
  expect((await visitor.get(id)).timers.map((timer) => timer.id)).toEqual(armed);
  const exported = (await visitor.export(id)) as unknown as { timers: { id: string }[] };
  expect(exported.timers.map((timer) => timer.id)).toEqual(armed);
  clock.advance(HOUR);
  const worker = await bench.worker([workflow], { clock, deadAfter: 100 * HOUR });
  await expect
    .poll(async () => (await worker.get(id)).context, { timeout: 15_000 })
    .toEqual({ seen: [...TWELVE, ...REGIONS] });
});

test(`what is sent to another instance arrives as it was sent (seed ${SEED})`, async () => {
  const child = untyped({
    id: 'hears',
    context: { seen: [] },
    on: Object.fromEntries(TWELVE.map((type) => [type, { actions: note(type) }])),
  });
  const parent = setup({ types: { events: {} as { type: 'GO' } }, actors: { hears: child } }).createMachine({
    id: 'says',
    invoke: { id: 'kid', src: 'hears' },
    on: { GO: { actions: TWELVE.map((type) => sendTo('kid', { type } as never)) } },
  });
  const first = await bench.worker([defineWorkflow({ machine: parent })]);
  const { id } = await first.start('says', undefined);
  await first.send(id, { type: 'GO' });
  const childId = (await first.get(id)).children[0]?.id as string;
  await expect.poll(async () => (await first.get(childId)).context, { timeout: 15_000 }).toEqual({ seen: TWELVE });
});

test(`steps, children and invocations are read in the order in which they were asked for (seed ${SEED})`, async () => {
  const never = defineStep({ run: async () => new Promise<void>(() => {}) });
  const kid = setup({}).createMachine({ id: 'kid' });
  const machine = setup({ actors: { never, kid } }).createMachine({
    id: 'asks',
    type: 'parallel',
    states: Object.fromEntries(
      REGIONS.map((name) => [
        name,
        {
          invoke: [
            { id: `${name}-step`, src: 'never' },
            { id: `${name}-kid`, src: 'kid' },
          ],
        },
      ]),
    ),
  } as never) as unknown as AnyStateMachine;
  const workflow = defineWorkflow({ machine });
  const visitor = bench.engine([workflow]);
  const { id } = await visitor.start('asks', undefined);
  await shuffle();
  const asked = REGIONS.flatMap((name) => [`1:${name}-step`, `1:${name}-kid`]);
  const view = await visitor.get(id);
  expect(view.steps.map(({ key }) => key)).toEqual(asked);
  expect((await visitor.steps(id)).map(({ key }) => key)).toEqual(asked);
  expect(((await visitor.export(id)) as unknown as { steps: { key: string }[] }).steps.map(({ key }) => key)).toEqual(
    asked,
  );
  const byChild = new Map(view.steps.map(({ childId, key }) => [childId, key]));
  expect(view.children.map((one) => byChild.get(one.id))).toEqual(REGIONS.map((name) => `1:${name}-kid`));
});
