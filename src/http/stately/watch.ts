import type { Change, Engine, InstanceView } from '../../engine/api.ts';
import { findWorkflow } from '../describe-workflow.ts';
import { actorOf, transitionOf, type StatelyEvent } from './events.ts';

/** Gives one message on; resolves when there is room for the next. */
type Send = (event: StatelyEvent) => Promise<void>;

interface Watch {
  engine: Engine;
  send: Send;
  signal: AbortSignal;
}

/** One instance and those that it starts: their history from the beginning, then what happens, to the end of the instance. */
export async function watchInstance(watch: Watch, id: string): Promise<void> {
  const family = new Family(watch, id);
  await family.follow(id);
  await family.rest();
}

/** All instances, from now on; each comes into sight with what happens to it first. */
export async function watchAll({ engine, send, signal }: Watch): Promise<void> {
  const seen = new Set<string>();
  for await (const change of engine.subscribe({ signal })) {
    if (change.type !== 'transition') continue;
    const { instanceId: id, sequence } = change.entry;
    const instance = await engine.get(id).catch(ifNotFound);
    if (instance === undefined) continue;
    if (!seen.has(id)) {
      seen.add(id);
      const before = sequence > 1 ? await engine.snapshot(id, sequence - 1) : { status: 'active' as const };
      await send(actorOf(instance, id, definitionOf(engine, instance), before));
    }
    await sendTransition({ engine, send }, change, id);
  }
}

class Family {
  private readonly watch: Watch;
  private readonly root: string;
  private readonly known = new Map<string, Promise<void>>();

  constructor(watch: Watch, root: string) {
    this.watch = watch;
    this.root = root;
  }

  async follow(id: string): Promise<void> {
    const { engine, send, signal } = this.watch;
    const instance = await engine.get(id).catch(ifNotFound);
    if (instance === undefined) return;
    await send(actorOf(instance, this.root, definitionOf(engine, instance), { status: 'active' }));
    for await (const change of engine.subscribe({ id, after: '0', signal })) {
      if (change.type === 'transition') await sendTransition(this.watch, change, this.root);
      await this.children(id);
    }
  }

  private async children(id: string): Promise<void> {
    const { children } = await this.watch.engine.get(id);
    for (const child of children) if (!this.known.has(child.id)) this.known.set(child.id, this.follow(child.id));
  }

  /** Until those that were started have come to their ends, too. */
  async rest(): Promise<void> {
    for (const following of this.known.values()) await following;
  }
}

async function sendTransition(
  { engine, send }: Pick<Watch, 'engine' | 'send'>,
  { entry }: Extract<Change, { type: 'transition' }>,
  rootId: string,
): Promise<void> {
  const snapshot = await engine.snapshot(entry.instanceId, entry.sequence);
  for (const event of transitionOf(entry, rootId, snapshot)) await send(event);
}

function definitionOf(engine: Engine, { workflow }: InstanceView): string | undefined {
  return findWorkflow(engine.workflows, workflow)?.machine.config;
}

function ifNotFound(error: unknown): undefined {
  if ((error as { code?: unknown }).code !== 'INSTANCE_NOT_FOUND') throw error;
}
