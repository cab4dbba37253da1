import { assign, setup, type AnyStateMachine } from 'xstate';
import { defineStep, defineWorkflow, StepError, type Step, type StepContext, type Workflow } from '../../src/index.ts';
import { seeded } from '../proof/random.ts';
import { hash } from '../chaos/stand-ins.ts';

/** One thing after the other; of each kind the program counts how often it happened. */
type Part = 'plain' | 'exact' | 'timer' | 'wait' | 'child' | 'both';

/** A small program, and what its counters say when nothing was lost and nothing was done twice. */
export interface Program {
  workflow: Workflow;
  /** Events of type HEAR that it wants, at any time. */
  hears: number;
  /** Types of the events that it waits for, in order. */
  waits: string[];
  counters: Counters;
  /** Transactional steps of an instance and of its children. */
  exact: number;
}

interface Counters {
  steps: number;
  timers: number;
  waits: number;
  heard: number;
  children: number;
}

/** How a program's steps reach the world that it runs in. */
export interface Outside {
  begun(context: StepContext<unknown>): void;
  sleep(milliseconds: number): Promise<void>;
}

const PARTS: Part[] = ['plain', 'plain', 'exact', 'exact', 'timer', 'wait', 'child', 'both'];
const NOTHING: Counters = { steps: 0, timers: 0, waits: 0, heard: 0, children: 0 };
/** One more than the attempts of which a step may lose some, so that it always gets there. */
const ATTEMPTS = 4;

const counted = (counter: keyof Counters) =>
  assign(({ context }: { context: Counters }) => ({ [counter]: context[counter] + 1 }));

/** A program made of a few parts, chosen by numbers from 0 to 1. */
export function makeProgram(random: () => number, outside: Outside): Program {
  const steps = stepsOf(outside);
  const parts = Array.from(
    { length: 1 + Math.floor(random() * 5) },
    () => PARTS[Math.floor(random() * PARTS.length)] as Part,
  );
  const hears = Math.floor(random() * 4);
  const child = childMachine(steps);
  const waits: string[] = [];
  const states: Record<string, object> = {};
  for (const [index, part] of parts.entries()) {
    const next = index + 1 < parts.length ? `S${index + 1}` : 'END';
    states[`S${index}`] = stateOf(part, index, next, random);
    if (part === 'wait') waits.push(`GO${index}`);
  }
  const ear = hears === 0 ? { initial: 'END', states: { END: { type: 'final' } } } : earOf(hears);
  const machine = setup({ actors: { ...steps, child: child as never } }).createMachine({
    id: 'program',
    context: { ...NOTHING },
    type: 'parallel',
    output: ({ context }: { context: Counters }) => context,
    states: { way: { initial: 'S0', states: { ...states, END: { type: 'final' } } }, ear },
  } as never) as unknown as AnyStateMachine;
  const count = (part: Part): number => parts.filter((other) => other === part).length;
  return {
    workflow: defineWorkflow({ machine, name: 'program' }) as Workflow,
    hears,
    waits,
    counters: {
      steps: count('plain') + count('exact') + 2 * count('both'),
      timers: count('timer'),
      waits: waits.length,
      heard: hears,
      children: count('child'),
    },
    exact: count('exact') + count('child') + count('both'),
  };
}

function stateOf(part: Part, index: number, next: string, random: () => number): object {
  const step = (src: string, id: string, target: string): object => ({
    invoke: { id, src, onDone: { target, actions: counted('steps') } },
  });
  switch (part) {
    case 'plain':
    case 'exact':
      return step(part, `i${index}`, next);
    case 'timer':
      return { after: { [10 + Math.floor(random() * 1_500)]: { target: next, actions: counted('timers') } } };
    case 'wait':
      return { on: { [`GO${index}`]: { target: next, actions: counted('waits') } } };
    case 'child':
      return { invoke: { id: `i${index}`, src: 'child', onDone: { target: next, actions: counted('children') } } };
    case 'both': {
      const region = (src: string): object => ({
        initial: 'OUT',
        states: { OUT: step(src, `i${index}${src}`, 'IN'), IN: { type: 'final' } },
      });
      return { type: 'parallel', onDone: next, states: { a: region('plain'), b: region('exact') } };
    }
  }
}

/** A region that hears an event so many times. */
function earOf(hears: number): object {
  const states: Record<string, object> = { END: { type: 'final' } };
  for (let heard = 0; heard < hears; heard++) {
    const target = heard + 1 < hears ? `H${heard + 1}` : 'END';
    states[`H${heard}`] = { on: { HEAR: { target, actions: counted('heard') } } };
  }
  return { initial: 'H0', states };
}

function childMachine(steps: Record<'plain' | 'exact', Step<unknown, unknown>>): AnyStateMachine {
  return setup({ actors: steps }).createMachine({
    id: 'program-child',
    initial: 'A',
    states: {
      A: { invoke: { id: 'a', src: 'exact', onDone: 'B' } },
      B: { after: { 50: 'C' } },
      C: { invoke: { id: 'c', src: 'plain', onDone: 'D' } },
      D: { type: 'final' },
    },
  });
}

/** What an attempt comes to hangs on its key and its number alone. */
function stepsOf(outside: Outside): Record<'plain' | 'exact', Step<unknown, unknown>> {
  const retry = { maxAttempts: ATTEMPTS, minDelay: 10, maxDelay: 100 };
  const comesTo = async (context: StepContext<unknown>): Promise<string> => {
    outside.begun(context);
    const random = seeded(hash(`${context.key} ${context.attempt}`));
    await outside.sleep(random() * 60);
    if (context.attempt < ATTEMPTS && random() < 0.2) throw new StepError('UNAVAILABLE', 'not now');
    return context.key;
  };
  return {
    plain: defineStep<unknown, unknown>({ retry, run: comesTo }),
    exact: defineStep<unknown, unknown>({
      retry,
      transactional: true,
      run: async (context) => {
        await context.tx`insert into effects values (${context.key})`;
        return comesTo(context);
      },
    }),
  };
}
