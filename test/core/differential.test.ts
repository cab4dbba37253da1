import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import { beforeAll, expect, test, vi } from 'vitest';
import type { EventObject } from '../../src/core/effect.ts';
import { Shortcut } from '../../src/core/shortcut.ts';
import { buildMachine, pick, type Journal } from './generated/build.ts';
import { CoreDriver, kept, restored, xstateDriver, type View } from './generated/drive.ts';
import { EVENTS, machineRun, plainRun, type NodeSpec } from './generated/spec.ts';

// FC_SEED=… looks at other machines; a failure prints its seed and the smallest machine that shows it.
const SEED = Number(process.env['FC_SEED'] ?? 20_260_101);
const MACHINES = Number(process.env['FC_RUNS'] ?? 1_000);

// XState warns of events for stopped actors; both sides drop them.
beforeAll(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}));
const shortcut = vi.spyOn(Shortcut.prototype, 'take');

/** What the runs went through, so that the test cannot pass by not looking. */
let seen: Record<string, number> = {};
const saw = (what: string): void => void (seen[what] = (seen[what] ?? 0) + 1);

function compare({ root, choices }: { root: NodeSpec; choices: number[] }): void {
  saw('machines');
  const journal: Journal = { notes: [], told: [] };
  const machine = buildMachine(root, journal);
  const memory = new CoreDriver(machine, kept);
  const database = new CoreDriver(machine, restored);
  const xstate = xstateDriver(machine, journal, () => dueBefore as number);
  let dueBefore: number | undefined;
  const agree = (look = (view: View): View => view): void => {
    const expected = look(xstate.view());
    assertSame(look(memory.view()), expected);
    assertSame(look(database.view()), expected);
    assertSame(database.effects, memory.effects);
    if (expected.threw) saw('throws');
    else {
      saw(expected.status);
      if (Object.keys(expected.history as object).length > 0) saw('history');
      for (const kind of ['notes', 'emitted', 'logged', 'told', 'children', 'timers', 'tags'] as const) {
        if (expected[kind].length > 0) saw(kind);
      }
    }
  };
  const happened: string[] = [];
  try {
    // While XState's actor starts, and only then, it lets a child hear what it is sent before it is stopped again.
    const heard = ({ told }: View): string[] => [...new Set(told)].filter((id) => memory.children.has(id));
    agree((view) => (view.threw ? view : { ...view, told: heard(view) }));
    run();
  } catch (error) {
    // What to read: the machine as XState sees it, and what happened to it.
    (error as Error).message += `\n\nAfter ${happened.join(', ') || 'the start'} of\n${readable(machine.config)}`;
    throw error;
  }

  function run(): void {
    for (const choice of choices) {
      if (!memory.active) break;
      const children = [...memory.children.keys()];
      const happen: (EventObject | 'timer')[] = [
        ...EVENTS.map((type) => ({ type })),
        ...children.flatMap((id) => [
          { type: `xstate.done.actor.${id}`, output: choice, actorId: id },
          { type: `xstate.error.actor.${id}`, error: { code: 'E' }, actorId: id },
        ]),
      ];
      dueBefore = memory.due;
      if (dueBefore !== undefined) happen.push('timer', 'timer');
      const what = pick(happen, choice);
      happened.push(what === 'timer' ? what : what.type);
      for (const driver of [xstate, memory, database]) {
        if (what === 'timer') driver.fire();
        else driver.send(what);
      }
      saw(what === 'timer' ? 'fired' : 'events');
      if (shortcut.mock.results.some(({ value }) => value !== undefined)) saw('shortcuts');
      shortcut.mockClear();
      agree();
    }
  }
}

/** The matcher is slow, and only needed for what it prints. */
function assertSame(found: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(found, expected)) expect(found).toStrictEqual(expected);
}

function readable(config: unknown): string {
  const text = (_: string, value: unknown): unknown => {
    if (typeof value === 'function') return Object.assign({ is: value.name }, value);
    return Array.isArray(value) && value.length === 0 ? undefined : value;
  };
  return JSON.stringify(config, text, 1);
}

const EVERYWHERE = ['active', 'done', 'error', 'throws', 'notes', 'emitted', 'logged', 'children', 'timers', 'tags'];

test.each([
  { kind: 'any', runs: machineRun, wanted: [...EVERYWHERE, 'history', 'told'] },
  { kind: 'plain', runs: plainRun, wanted: [...EVERYWHERE.filter((what) => what !== 'throws'), 'shortcuts'] },
])(
  `${MACHINES} machines of $kind kind behave as in XState's own runtime, kept in memory or restored at every event`,
  { timeout: 120_000 },
  ({ kind, runs, wanted }) => {
    seen = {};
    fc.assert(fc.property(runs, compare), { seed: SEED, numRuns: MACHINES });
    console.info('differential', { kind, seed: SEED, ...seen });
    expect(seen['machines']).toBeGreaterThanOrEqual(MACHINES);
    expect(wanted.filter((what) => (seen[what] ?? 0) <= 20)).toEqual([]);
  },
);
