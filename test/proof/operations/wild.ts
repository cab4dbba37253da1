import { setTimeout as sleep } from 'node:timers/promises';
import { defineStep, DurachartError, StepError, type StepContext, type Workflow } from '../../../src/index.ts';
import { pick } from '../../core/generated/build.ts';
import { EVENTS } from '../../core/generated/spec.ts';
import type { OperationRequest } from '../../../src/engine/operations/records.ts';
import { modesOf, Plan, type Mode } from '../plan.ts';
import { seeded } from '../random.ts';
import { worldOf, type Scenario, type World } from '../world.ts';
import { checkNow } from './sound.ts';

type Random = () => number;

/** Things that are done to one instance and its forks. */
const DEEDS = 14;
/** One write in so many goes wrong. */
const RATE = 30;

/** Lets processes die and connections break at random. */
export class RandomCrashes extends Plan {
  readonly modes: Record<string, number> = {};
  private readonly random: Random;

  constructor(random: Random) {
    super();
    this.random = random;
  }

  override note(labels: readonly string[]): Mode | undefined {
    if (this.random() * RATE > 1) return undefined;
    const modes = modesOf(labels[0] as string);
    const mode = pick(modes, Math.floor(this.random() * modes.length));
    this.modes[mode] = (this.modes[mode] ?? 0) + 1;
    return mode;
  }
}

/** What an attempt comes to hangs on its key alone, so that a repeated one comes to the same. */
async function comesTo({ key, attempt }: StepContext<unknown>): Promise<{ n: number }> {
  const random = seeded(key.split('').reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) | 0, attempt));
  const what = random();
  await sleep(random() * 25);
  if (what < 0.15) throw new StepError('INVALID_INPUT', 'no');
  if (what < 0.3) throw new StepError('UNAVAILABLE', 'not now');
  return { n: Math.floor(random() * 5) };
}

const RETRY = { maxAttempts: 3, minDelay: 2, maxDelay: 10 };
/** Notes in memory that it was begun. */
export const plain = defineStep<unknown, unknown>({
  retry: RETRY,
  run: async (context) => {
    worldOf(context.instance.id).begun(context.key);
    return comesTo(context);
  },
});
/** Notes in the ledger that it was done. */
export const exact = defineStep<unknown, unknown>({
  retry: RETRY,
  transactional: true,
  run: async (context) => {
    await context.tx`insert into ledger (key) values (${context.key})`;
    return comesTo(context);
  },
});

/** Anything, and then the end. */
export function wildScenario(workflow: Workflow, random: Random, saw: (what: string) => void): Scenario {
  const drive = async (world: World): Promise<void> => {
    const ids = ['ROOT'];
    for (let deed = 0; deed < DEEDS; deed++) {
      await sleep(random() * 20);
      const id = pick(ids, Math.floor(random() * ids.length));
      try {
        await doSomething(world, world.real(id), { random, deed, ids, saw });
      } catch (error) {
        if (!(error instanceof DurachartError)) throw error;
        saw(`not taken: ${error.code}`);
      }
      await checkNow(world.sql, world.root);
    }
    await world.decided();
    for (const id of ids) {
      const end = { by: 'proof', key: 'the end' };
      await world
        .call((engine) => engine.operate(world.real(id), { operation: 'cancel', force: true }, end))
        .catch((error: unknown) => {
          if ((error as DurachartError).code !== 'INSTANCE_ENDED') throw error;
        });
      await world.standing(['done', 'cancelled'], id);
    }
  };
  return { name: workflow.name, workflows: [workflow], ends: ['done', 'cancelled'], drive };
}

async function doSomething(
  world: World,
  id: string,
  { random, deed, ids, saw }: { random: Random; deed: number; ids: string[]; saw: (what: string) => void },
): Promise<void> {
  const choose = (bound: number): number => Math.floor(random() * bound);
  const what = choose(10);
  if (what < 3) {
    const type = pick(EVENTS, choose(EVENTS.length));
    await world.call((engine) => engine.send(id, { type }, { key: `event ${deed}` }));
    return;
  }
  const { status, sequence, steps } = await world.call((engine) => engine.get(id));
  if (what === 3) {
    const fork = { id: `${id.split('.')[0]}.fork${deed}`, from: 1 + choose(sequence) };
    await world.call((engine) => engine.fork(id, fork, { by: 'proof', key: 'fork' }));
    ids.push(`ROOT.fork${deed}`);
    saw('forks');
    return;
  }
  const requests: OperationRequest[] = [
    { operation: 'pause' },
    { operation: 'resume' },
    { operation: 'rewind', to: 1 + choose(sequence) },
    { operation: 'edit', patch: [{ op: 'replace', path: '/n', value: choose(9) }] },
    { operation: 'cancel', force: choose(2) === 0 },
  ];
  if (status === 'failed') requests.push({ operation: 'retry' }, { operation: 'retry' });
  if (status === 'paused') requests.push({ operation: 'unpause' }, { operation: 'unpause' });
  for (const { key } of steps) requests.push({ operation: 'skip', step: key, output: { n: 0 } });
  const request = pick(requests, choose(requests.length));
  await world.call((engine) => engine.operate(id, request, { by: 'proof', key: `${deed}` }));
  saw(request.operation);
}
