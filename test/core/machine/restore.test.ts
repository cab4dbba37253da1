import { assign, type AnyActorRef } from 'xstate';
import { describe, expect, test } from 'vitest';
import { thrownBy } from '../thrown-by.ts';
import { Walk } from '../walk.ts';
import { machine } from './support.ts';

describe('restore', () => {
  test('of a state that there is not', () => {
    const it = new Walk(machine({ initial: 'a', states: { a: {} } }));
    const error = thrownBy(() => it.machine.restore({ ...it.stored, value: { gone: 'x' } }));
    expect(error).toMatchObject({ code: 'STATE_UNKNOWN', details: { value: { gone: 'x' } } });
    expect(error.message).toContain('Machine m has no state {"gone":"x"}: ');
  });

  test('of regions that there are not, beside those that there are', () => {
    const it = new Walk(machine({ type: 'parallel', states: { a: {}, b: {} } }));
    const value = { gone: {}, b: {}, lost: {}, a: {} };
    expect(thrownBy(() => it.machine.restore({ ...it.stored, value }))).toMatchObject({ code: 'STATE_UNKNOWN' });
  });

  test('of a child whose step has another name now: it can still be stopped', () => {
    const it = new Walk(
      machine({ initial: 'a', states: { a: { invoke: { id: 'i', src: 'step' }, on: { GO: 'b' } }, b: {} } }),
    );
    it.snapshot = it.machine.restore({ ...it.stored, children: { i: { src: 'formerly' } } });
    expect(it.stored.children).toEqual({ i: { src: 'formerly' } });
    expect(it.send('GO').effects).toEqual([{ type: 'stop', id: 'i' }]);
  });

  test('does not touch what it is given', () => {
    const it = new Walk(
      machine({
        on: {
          SPAWN: { actions: assign(({ spawn }: never) => ({ ref: (spawn as (src: string) => AnyActorRef)('child') })) },
        },
      }),
    ).send('SPAWN');
    const stored = JSON.parse(JSON.stringify(it.stored));
    it.machine.restore(stored);
    expect(stored).toEqual(it.stored);
    stored.context.extra = true;
  });

  test('of a machine that has failed or ended', () => {
    const it = new Walk(machine({ invoke: { id: 'i', src: 'step' } }), 'restored').failed('i', { code: 'X' });
    expect(it.stored).toMatchObject({ status: 'error', error: { code: 'X' } });
    expect(it.send('GO').changed).toBe(false);
  });
});
