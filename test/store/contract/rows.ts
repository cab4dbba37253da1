import { beforeEach, describe, expect, test } from 'vitest';
import type { WorkerSession } from '../../../src/engine/ports.ts';
import { birth, commit, state, step, T, type StoreAccess } from './made.ts';

/** What a commit promises of the rows that belong to an instance. */
export function rowContract(access: () => StoreAccess): void {
  const store = () => access().store;
  let mine: WorkerSession;

  beforeEach(async () => {
    mine ??= await store().startWorker('rows', ['w'], T);
  });

  const held = async (id: string) => (await store().reload(mine.id, [id]))[0];

  describe('the rows of a commit', () => {
    test('writes steps, timers and what is consumed, and no more of them than it names', async () => {
      await store().commit(
        mine.id,
        ['c-7', 'c-8'].map((id) =>
          birth(
            id,
            { leased: true },
            {
              after: state({ live: ['1:a', '1:b'] }),
              newSteps: [step('1:a'), step('1:b')],
              timers: ['t', 'u'].map((timer) => ({
                id: timer,
                event: { type: 'X' },
                to: 'self',
                dueAt: T,
                sequence: 1,
              })),
            },
          ),
        ),
      );
      const error = { code: 'UNKNOWN', class: 'retryable', name: 'Error', message: 'm', attempt: 1 } as const;
      const attempts = [{ attempt: 1, startedAt: T, finishedAt: T + 1, outcome: 'failed', error }] as const;
      const changed = step('1:a', {
        status: 'retrying',
        attempt: 1,
        error,
        attempts: [...attempts],
        nextAttemptAt: T + 9,
        progress: 0.5,
        message: 'half',
        logs: [{ at: T, level: 'info', message: 'x' }],
        finishedAt: T + 1,
      });
      await store().commit(mine.id, [
        commit('c-7', {
          after: state({ live: ['1:a', '1:b'] }),
          steps: [changed],
          timers: [{ id: 't', event: { type: 'Y' }, to: 'p', dueAt: T + 7, sequence: 1 }],
          cancelled: ['u'],
        }),
      ]);
      expect(await held('c-7')).toMatchObject({
        steps: [changed, step('1:b')],
        timers: [{ id: 't', event: { type: 'Y' }, to: 'p', dueAt: T + 7 }],
      });
      expect(await held('c-8')).toMatchObject({
        steps: [step('1:a'), step('1:b')],
        timers: [{ id: 't' }, { id: 'u' }],
      });
      // It ended and was rewound within one commit.
      const again = { id: 't', event: { type: 'Y' }, to: 'p', dueAt: T + 9, sequence: 2 };
      await store().commit(mine.id, [
        commit('c-7', { after: state({ live: ['1:b'] }), timers: [again], cancelled: 'all' }),
      ]);
      expect((await held('c-7'))?.timers).toEqual([again]);
      await store().commit(mine.id, [commit('c-7', { after: state({ live: ['1:b'] }), cancelled: 'all' })]);
      expect(await held('c-7')).toMatchObject({ steps: [{ key: '1:b' }], timers: [] });
      expect((await held('c-8'))?.timers).toHaveLength(2);
    });

    test('keeps null apart from nothing, and large and strange values as they are', async () => {
      const strange = {
        empty: '',
        quote: `"'\\`,
        unicode: '😀\u2028',
        deep: [[[{ a: null }]]],
        big: 'x'.repeat(200_000),
        number: 1.5e300,
        zero: 0,
        no: false,
      };
      await store().commit(mine.id, [
        birth(
          'c-9',
          { leased: true, input: strange },
          {
            after: state({ live: ['1:a', '1:b', '1:c'] }),
            newSteps: [
              step('1:a', { input: null }),
              step('1:b', { input: undefined }),
              step('1:c', { input: strange }),
            ],
          },
        ),
      ]);
      const outputs = [
        step('1:a', { input: null, status: 'done', output: undefined }),
        step('1:b', { input: undefined, status: 'done', output: null }),
        step('1:c', { input: strange, status: 'done', output: strange }),
      ];
      await store().commit(mine.id, [commit('c-9', { after: state({ live: ['1:a', '1:b', '1:c'] }), steps: outputs })]);
      const row = await held('c-9');
      expect(row?.input).toEqual(strange);
      expect(row?.steps.map(({ input, output }) => [input, output])).toEqual([
        [null, undefined],
        [undefined, null],
        [strange, strange],
      ]);
    });

    test('does not undo a step that is done', async () => {
      await store().commit(mine.id, [
        birth('c-10', { leased: true }, { after: state({ live: ['1:a'] }), newSteps: [step('1:a')] }),
      ]);
      await store().commit(mine.id, [
        commit('c-10', { after: state({ live: ['1:a'] }), steps: [step('1:a', { status: 'done', output: 1 })] }),
      ]);
      await store().commit(mine.id, [
        commit('c-10', { after: state({ live: ['1:a'] }), steps: [step('1:a', { status: 'retrying' })] }),
      ]);
      expect((await held('c-10'))?.steps).toMatchObject([{ status: 'done', output: 1 }]);
    });
  });
}
