import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { assign, setup } from 'xstate';
import { isReference, type PayloadReference } from '../../src/core/payload.ts';
import { defineStep, defineWorkflow } from '../../src/index.ts';
import { newArtifacts } from '../support/artifacts.ts';
import { eventually, reached, standing, useBench } from '../support/engine.ts';
import { HeldStep, oneStep } from '../support/machines.ts';
import { big, carried, carrier } from './support/carrier.ts';

/** What is too large for a row, where there is no artifact store, or one that does not take it or give it back. */
const bench = useBench();

/** Doubles a text that is nearly too large for a row. */
const doubles = defineWorkflow({
  machine: setup({
    types: { context: {} as { text: string }, events: {} as { type: 'DOUBLE' } },
  }).createMachine({
    id: 'doubles',
    context: { text: big('d', 200) },
    initial: 'HALF',
    states: {
      HALF: {
        on: { DOUBLE: { target: 'WHOLE', actions: assign({ text: ({ context }) => context.text.repeat(2) }) } },
      },
      WHOLE: {},
    },
  }),
});

test('without an artifact store what is too large is refused, with the remedy', async () => {
  const engine = await bench.worker([
    carrier,
    oneStep('gives-much', defineStep({ run: () => big('m') })),
    oneStep('holds', new HeldStep().step()),
  ]);
  const code = 'PAYLOAD_TOO_LARGE';
  await expect(engine.start('carrier', { text: big('x') })).rejects.toMatchObject({ code });
  const { id } = await engine.start('carrier', { text: 'small' });
  await expect(engine.send(id, { type: 'TELL', text: big('x') })).rejects.toMatchObject({
    code,
    message: expect.stringMatching(/^The event TELL takes 300 KB; a row holds 256 KB\. Give createEngine/) as string,
    details: { limit: 262_144 },
  });
  const { id: much } = await engine.start('gives-much', null);
  expect(await standing(engine as never, much, 'failed')).toMatchObject({
    error: { code, class: 'final' },
    steps: [{ status: 'failed', attempt: 1 }],
  });
});

test('what a machine makes too large fails it where it stands, and it goes on once there is a store', async () => {
  const poor = await bench.worker([doubles]);
  const { id } = await poor.start('doubles', undefined);
  await poor.send(id, { type: 'DOUBLE' });
  const failed = await standing(poor as never, id, 'failed');
  expect(failed).toMatchObject({ state: 'HALF', sequence: 1, error: { code: 'PAYLOAD_TOO_LARGE' } });
  await poor.stop();
  const { store } = await newArtifacts();
  const rich = await bench.worker([doubles], { artifacts: store });
  await rich.retry(id);
  await reached(rich, id, 'WHOLE');
});

test('an artifact store that takes nothing for a while: a start is refused, a step tries again, an instance fails until it is retried', async () => {
  const { store } = await newArtifacts();
  let refusals = Infinity;
  const moody = new Proxy(store, {
    get: (target, name) =>
      name === 'put' && refusals-- > 0
        ? async () => Promise.reject(new Error('No space left on device.'))
        : (Reflect.get(target, name) as unknown),
  });
  const gives = oneStep('gives-much-later', defineStep({ retry: { minDelay: 1 }, run: () => big('m') }));
  const engine = await bench.worker([carrier, gives, doubles], { artifacts: moody });
  const code = 'PAYLOAD_NOT_STORED';
  await expect(engine.start('carrier', { text: big('x') }, { id: 'refused' })).rejects.toMatchObject({
    code,
    message: expect.stringContaining('No space left on device.') as string,
  });
  await expect(engine.get('refused')).rejects.toMatchObject({ code: 'INSTANCE_NOT_FOUND' });
  // Each value is offered three times.
  refusals = 3;
  const { id } = await engine.start('gives-much-later', null);
  expect(await engine.result(id)).toBe(big('m'));
  const [step] = await engine.steps(id);
  expect(step).toMatchObject({ status: 'done', attempt: 2 });
  expect(step?.attempts).toMatchObject([{ outcome: 'failed', error: { code, class: 'retryable' } }]);
  // What the machine itself makes too large for a row is offered so often, too.
  refusals = 3;
  const { id: doubled } = await engine.start('doubles', undefined);
  await engine.send(doubled, { type: 'DOUBLE' });
  expect(await standing(engine as never, doubled, 'failed')).toMatchObject({ state: 'HALF', error: { code } });
  await engine.retry(doubled);
  await reached(engine as never, doubled, 'WHOLE');
});

test('a value that is gone fails its instance with the place, and it goes on once it is back', async () => {
  const { store, folder } = await newArtifacts();
  const { engine } = await carried(bench, store, 'lost');
  await engine.stop();
  const place = join(folder, 'payloads', 'lost');
  await rename(place, `${place}-away`);
  const second = await bench.worker([carrier], { artifacts: store });
  await expect(second.send('lost', { type: 'MOVE' })).rejects.toMatchObject({ code: 'PAYLOAD_UNREADABLE' });
  // Whoever moves it comes to the same.
  await bench.sql`insert into durachart.events (instance_id, type, source, created_at) values ('lost', 'MOVE', 'external', now())`;
  await bench.sql`update durachart.instances set wake = wake + 1, wake_at = now() where id = 'lost'`;
  await bench.sql`select pg_notify('durachart_work', 'lost')`;
  const failed = await standing(second as never, 'lost', 'failed');
  expect(failed).toMatchObject({
    state: 'TURNED',
    error: { code: 'PAYLOAD_UNREADABLE', details: { instance: 'lost' } },
  });
  expect(failed.error?.message).toMatch(
    /^A value of instance lost \(300 KB\) lies in the artifact store under payloads\/lost\/\w{64}\.json/,
  );
  const refused = await second.operate('lost', { operation: 'retry' }, { wait: 10_000 });
  expect(refused).toMatchObject({ status: 'refused', code: 'PAYLOAD_UNREADABLE' });
  await rename(`${place}-away`, place);
  await second.operate('lost', { operation: 'retry' }, { wait: 10_000 });
  await eventually(async () => (await second.get('lost')).context?.['moves'] === 1);
  await second.send('lost', { type: 'END' });
  expect(await second.result('lost')).toEqual({ all: big('g') + big('t') + big('T') });
});

test('a value that is gone for good is replaced by an edit, and nothing else is edited beside it', async () => {
  const { store, folder } = await newArtifacts();
  const { engine } = await carried(bench, store, 'gone');
  await engine.stop();
  await rm(join(folder, 'payloads', 'gone'), { recursive: true });
  const second = await bench.worker([carrier], { artifacts: store });
  const edit = (path: string, value: unknown) =>
    second.operate('gone', { operation: 'edit', patch: [{ op: 'add', path, value }] }, { wait: 10_000 });
  const lost = Object.entries((await second.get('gone')).context ?? {}).flatMap(([key, value]) =>
    isReference(value) ? [key] : [],
  );
  expect(lost.length).toBeGreaterThan(0);
  const code = 'PAYLOAD_UNREADABLE';
  const message = expect.stringContaining(`The context's ${lost[0]} lies in the artifact store under`) as string;
  await expect(edit('/moves', 7)).rejects.toMatchObject({ code, message });
  const context = Object.fromEntries(lost.map((key) => [key, 'small']));
  await second.operate(
    'gone',
    { operation: 'edit', patch: lost.map((key) => ({ op: 'replace', path: `/${key}`, value: 'small' })) },
    { wait: 10_000 },
  );
  expect((await second.get('gone')).context).toMatchObject(context);
  await second.operate('gone', { operation: 'retry' }, { wait: 10_000 });
  expect(await second.get('gone')).toMatchObject({ status: 'waiting', state: 'TURNED', error: null });
});

test('a value that was changed in the store is not taken for the one that was stored', async () => {
  const { store } = await newArtifacts();
  const { engine } = await carried(bench, store, 'tampered');
  const { made } = (await engine.get('tampered')).context as { made: PayloadReference };
  await store.put(made.key, JSON.stringify('another'));
  await expect(engine.send('tampered', { type: 'MOVE' })).rejects.toMatchObject({
    code: 'PAYLOAD_UNREADABLE',
    message: expect.stringContaining('it is not what was stored there') as string,
  });
});
