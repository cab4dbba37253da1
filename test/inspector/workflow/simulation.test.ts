import { describe, expect, test } from 'vitest';
import { createMachine, initialTransition, transition, type AnyEventObject } from 'xstate';
import { videoProcessing } from '../../../machines/video-processing/index.ts';
import { describeWorkflow } from '../../../src/http/describe-workflow.ts';
import { defineWorkflow, type Workflow } from '../../../src/index.ts';
import { after, begin, choices, valueOf, type Configuration } from '../../../src/inspector/workflow/simulation.ts';

const machine = createMachine({
  id: 'simulated',
  initial: 'idle',
  states: {
    idle: { on: { GO: 'work', SKIP: 'work.right.two', END: 'over' } },
    work: {
      type: 'parallel',
      states: {
        left: { initial: 'one', states: { one: { on: { LEFT: 'two' } }, two: { type: 'final' } } },
        right: {
          initial: 'one',
          states: { one: { on: { RIGHT: 'two', BACK: { target: '#simulated.idle' } } }, two: { type: 'final' } },
        },
      },
      on: { AGAIN: { target: 'work', reenter: true }, OUT: 'nested' },
      onDone: 'nested',
    },
    nested: {
      initial: 'a',
      states: { a: { on: { B: 'b' } }, b: { on: { TOP: '#simulated.idle' } } },
      on: { A: '.a', STAY: {} },
    },
    over: { type: 'final' },
  },
});
const { definition } = describeWorkflow(defineWorkflow({ machine }) as unknown as Workflow);

/** Takes the transition of that event. */
function take(at: Configuration, event: string): Configuration {
  const found = choices(definition, at).find((each) => each.transition.event === event);
  if (found === undefined) throw new Error(`Nothing takes ${event} in ${at.join(', ')}.`);
  return after(definition, at, found.transition);
}

describe('a machine that is clicked through', () => {
  test.each([
    [['GO']],
    [['SKIP']],
    [['END']],
    [['GO', 'LEFT']],
    [['GO', 'RIGHT', 'AGAIN']],
    [['GO', 'LEFT', 'BACK']],
    [['GO', 'OUT', 'B']],
    [['GO', 'OUT', 'B', 'A']],
    [['GO', 'OUT', 'B', 'TOP', 'SKIP']],
    [['GO', 'OUT', 'B', 'STAY']],
  ])('stands after %j where XState has it', (events) => {
    let [snapshot] = initialTransition(machine);
    let at = begin(definition);
    for (const type of events) {
      [snapshot] = transition(machine, snapshot, { type } as AnyEventObject as never);
      at = take(at, type);
    }
    expect(valueOf(at)).toEqual(snapshot.value);
  });

  test('a state with regions is done when all of them are', () => {
    const ways = (at: Configuration): string[] => choices(definition, at).map((each) => each.transition.event);
    const half = take(take(begin(definition), 'GO'), 'LEFT');
    expect(ways(half)).not.toContain('xstate.done.state.simulated.work');
    const done = take(half, 'RIGHT');
    expect(ways(done)).toContain('xstate.done.state.simulated.work');
    expect(take(done, 'xstate.done.state.simulated.work')).toEqual(['nested.a']);
    expect(choices(definition, take(begin(definition), 'END'))).toEqual([]);
  });

  test('the video pipeline comes to its end', () => {
    const video = describeWorkflow(videoProcessing as unknown as Workflow).definition;
    let at = begin(video);
    for (let step = 0; step < 60; step++) {
      // Steps succeed, and what they bring is good.
      const next = choices(video, at).find(
        ({ transition: { event, to } }) =>
          /^(|xstate\.done\..*)$/.test(event) && !/failed|NEEDS|MANUAL/i.test(to.join(' ')),
      );
      if (next === undefined) break;
      at = after(video, at, next.transition);
    }
    expect(at).toEqual(['ANALYTICS_LOGGED']);
  });
});
