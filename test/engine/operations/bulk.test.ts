import { describe, expect, test } from 'vitest';
import { setup } from 'xstate';
import { defineStep, defineWorkflow, StepError } from '../../../src/index.ts';
import { eventually, standing, useBench } from '../../support/engine.ts';

const bench = useBench();

let broken = true;
const work = defineStep({
  retry: { maxAttempts: 1 },
  run: async () => {
    if (broken) throw new StepError('BROKEN', 'It is broken.');
  },
});
const machine = setup({ actors: { work } }).createMachine({
  initial: 'NEW',
  states: {
    NEW: { on: { GO: 'WORKING' } },
    WORKING: { invoke: { id: 'work', src: 'work', onDone: 'WORKED' } },
    WORKED: { type: 'final' },
  },
});
const jobs = defineWorkflow({ name: 'jobs', machine });
const others = defineWorkflow({ name: 'others', machine });
const wait = 10_000;

/** An engine with instances that wait and instances that failed, all with one tag. */
async function many(tag: string, waiting: number, failed: number) {
  broken = true;
  const engine = await bench.worker([jobs, others]);
  const ids = Array.from({ length: waiting + failed }, (_, i) => `${tag}-${i}`);
  for (const id of ids) await engine.start('jobs', undefined, { id, tags: [tag] });
  for (const id of ids.slice(waiting)) await engine.send(id, { type: 'GO' });
  for (const id of ids.slice(waiting)) await standing(engine, id, 'failed');
  return { engine, ids, waiting: ids.slice(0, waiting), failed: ids.slice(waiting) };
}

describe('a dry run', () => {
  test('counts, and says for how many it would be legal; nothing is done', async () => {
    const { engine } = await many('dry', 2, 3);
    expect(await engine.bulk({ operation: 'retry' }, { tag: 'dry' }, { dryRun: true })).toEqual({
      matched: 5,
      more: false,
      sampled: 5,
      states: [
        { workflow: 'jobs', status: 'failed', state: 'WORKING', sampled: 3, legal: 3, refused: {} },
        { workflow: 'jobs', status: 'waiting', state: 'NEW', sampled: 2, legal: 0, refused: { NOT_FAILED: 2 } },
      ],
    });
    expect(await bench.sql`select from durachart.audit`).toHaveLength(0);
  });
});

describe('a bulk operation', () => {
  test('does it in batches, and lists what was refused', async () => {
    const { engine, waiting, failed } = await many('batches', 2, 5);
    broken = false;
    const filter = { tag: 'batches' };
    const first = await engine.bulk({ operation: 'retry' }, filter, { limit: 4, by: 'ada', why: 'mended', wait });
    expect(first).toMatchObject({ matched: 4, applied: 4, requested: 0, refused: [] });
    const second = await engine.bulk({ operation: 'retry' }, filter, {
      limit: 4,
      by: 'ada',
      key: first.key,
      cursor: first.next as string,
      wait,
    });
    expect(second).toMatchObject({ matched: 3, applied: 1, key: first.key, next: null });
    expect(second.refused).toEqual(
      waiting
        .toReversed()
        .map((id) => ({ id, code: 'NOT_FAILED', reason: expect.stringContaining('only a failed') as string })),
    );
    for (const id of failed) await standing(engine, id, 'done');
    expect((await engine.operations({ targetId: failed[4] as string })).items).toMatchObject([
      { operation: 'retry', by: 'ada', why: 'mended', key: `${first.key} ${failed[4]}`, status: 'applied' },
    ]);
  });

  test('that is repeated does nothing twice', async () => {
    const { engine, ids } = await many('twice', 3, 0);
    const options = { key: 'once', limit: 2, wait };
    const first = await engine.bulk({ operation: 'pause' }, { tag: 'twice' }, options);
    expect(await engine.bulk({ operation: 'pause' }, { tag: 'twice' }, options)).toEqual(first);
    await engine.bulk({ operation: 'pause' }, { tag: 'twice' }, { ...options, cursor: first.next as string });
    for (const id of ids) expect((await engine.operations({ targetId: id })).items).toHaveLength(1);
  });

  test('goes on after an interruption, though what is done no longer fits the filter', async () => {
    const { engine, failed } = await many('cut', 0, 6);
    broken = false;
    const filter = { tag: 'cut', status: 'failed' as const };
    const first = await engine.bulk({ operation: 'retry' }, filter, { limit: 2, wait });
    await eventually(async () => (await engine.list({ tag: 'cut', status: 'done' })).items.length === 2);
    // The first answer got lost, so that the client begins again, with the same key.
    const again = await engine.bulk({ operation: 'retry' }, filter, { limit: 3, key: first.key, wait });
    expect(again).toMatchObject({ matched: 3, applied: 3 });
    const rest = { limit: 3, key: first.key, cursor: again.next as string, wait };
    expect(await engine.bulk({ operation: 'retry' }, filter, rest)).toMatchObject({ matched: 1, next: null });
    for (const id of failed) await standing(engine, id, 'done');
    for (const id of failed) expect((await engine.operations({ targetId: id })).items).toHaveLength(1);
  });

  test('takes what is refused when its turn comes, too', async () => {
    const { engine } = await many('late', 1, 0);
    const [one, two] = await Promise.all([
      engine.bulk({ operation: 'pause' }, { tag: 'late' }, { wait }),
      engine.bulk({ operation: 'pause' }, { tag: 'late' }, { wait }),
    ]);
    expect(one.applied + two.applied).toBe(1);
    expect([...one.refused, ...two.refused]).toMatchObject([{ id: 'late-0', code: 'ALREADY_PAUSED' }]);
  });

  test('counts what nobody has come to as requested', async () => {
    const engine = bench.engine([jobs, others]);
    await engine.start('others', undefined, { id: 'idle', tags: ['idle'] });
    expect(await engine.bulk({ operation: 'pause' }, { tag: 'idle' }, { wait: 10 })).toMatchObject({
      matched: 1,
      applied: 0,
      requested: 1,
      refused: [],
      next: null,
    });
  });

  test('skips, edits and rewinds, too', async () => {
    const { engine, failed } = await many('skip', 0, 2);
    expect(await engine.bulk({ operation: 'skip', step: 'work' }, { tag: 'skip' }, { wait })).toMatchObject({
      applied: 2,
    });
    for (const id of failed) await standing(engine, id, 'done');
    expect(await engine.bulk({ operation: 'rewind', to: 1 }, { tag: 'skip' }, { wait })).toMatchObject({ applied: 2 });
    expect(await engine.get(failed[0] as string)).toMatchObject({ status: 'waiting', state: 'NEW' });
  });

  test('refuses a filter with nothing in it, and options that are wrong', async () => {
    const engine = bench.engine([jobs, others]);
    const bulk = (filter: object, options: object) => engine.bulk({ operation: 'retry' }, filter, options);
    for (const [filter, options] of [
      [{}, {}],
      [{}, { dryRun: true }],
      [{ workflow: undefined }, {}],
      [{ tag: 'x' }, { limit: 501 }],
      [{ tag: 'x' }, { limit: 0 }],
      [{ tag: 'x' }, { key: 'k'.repeat(256) }],
      [{ tag: 'x' }, { by: '' }],
      [{ tag: '' }, {}],
    ] as const)
      await expect(bulk(filter, options), JSON.stringify([filter, options])).rejects.toMatchObject({
        code: 'INVALID_OPTION',
      });
    await expect(bulk({ tag: 'x' }, { cursor: 'x' })).rejects.toMatchObject({ code: 'INVALID_CURSOR' });
    expect(await engine.bulk({ operation: 'unpause' }, {}, { all: true, dryRun: true })).toMatchObject({ more: false });
    expect(await bulk({ tag: 'nobody' }, {})).toMatchObject({ matched: 0, next: null });
  });
});
