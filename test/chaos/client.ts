import { setTimeout as sleep } from 'node:timers/promises';
import { DurachartError, type Workflow } from '../../src/index.ts';
import type { Engine, InstanceView } from '../../src/engine/api.ts';
import type { OperationRequest } from '../../src/engine/operations/records.ts';
import { seeded } from '../proof/random.ts';
import type { Journal } from './journal.ts';
import { sample } from './sample.ts';
import { hash } from './stand-ins.ts';

/** A call that takes longer has been forgotten by somebody. */
const LONGEST_CALL = 60_000;
/** Deeds of one who has a lot to do with an instance. */
const DEEDS = 6;

/** What was asked for may have been done, or not: nobody said. */
class Unanswered extends Error {}

interface ClientOptions {
  engine: Engine;
  workflows: readonly Workflow[];
  journal: Journal;
  seed: number;
}

/** Somebody who starts an instance and has to do with it for a while. What is not answered is asked again, under the same key. */
export class Client {
  private readonly options: ClientOptions;

  constructor(options: ClientOptions) {
    this.options = options;
  }

  /** Lives through one instance, until it is left without an answer. @param number which one; everything hangs on it and on the seed */
  async live(number: number): Promise<void> {
    try {
      await this.liveThrough(number);
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
    }
  }

  private async liveThrough(number: number): Promise<void> {
    const { workflows, journal, seed } = this.options;
    const random = seeded(hash(`${seed} ${number}`));
    const choices = random() < 0.4 ? workflows.filter(({ name }) => name === 'chaos-order') : workflows;
    const workflow = choices[Math.floor(random() * choices.length)] as Workflow;
    const id = `c${number}`;
    const input = workflow.input === undefined ? {} : sample(workflow.input, random)?.value;
    const startAt = random() < 0.1 ? { startAt: new Date(Date.now() + random() * 3_000) } : {};
    const started = await this.call((engine) => engine.start(workflow.name, input as never, { id, ...startAt }));
    journal.add({ what: 'start', id, workflow: workflow.name, input, ...codeOf(started) });
    if ('code' in started) return;
    const deeds = random() < 0.4 ? Math.floor(random() * DEEDS) : Math.floor(random() * 2);
    const ids = [id];
    for (let deed = 0; deed < deeds; deed++) {
      await sleep(random() * 300);
      await this.do(workflow, ids, `${deed}`, random);
    }
    if (random() < 0.1) await this.result(id);
    // The others are left as they are: waiting, paused, failed, or at work.
    else if (random() < 0.6) for (const each of ids) await this.end(each, 'enough');
  }

  /** Ends an instance, whatever it is at. @param key another one each time: what was refused may be granted later */
  async end(id: string, key: string): Promise<void> {
    await this.operate(id, { operation: 'cancel', force: true }, key);
  }

  private async do(workflow: Workflow, ids: string[], key: string, random: () => number): Promise<void> {
    const { journal } = this.options;
    const choose = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
    const id = choose(ids);
    const view = await this.call((engine) => engine.get(id));
    if ('code' in view) return void journal.wrong.push(`${id} was started, and is not found: ${view.code}`);
    journal.stand(id, view.sequence, view.state);
    const what = random();
    if (what < 0.5) return this.send(id, view, workflow, key, random);
    if (what < 0.55 && view.sequence > 0) {
      const fork = `${id}f${key}`;
      const from = 1 + Math.floor(random() * view.sequence);
      const forked = await this.call((engine) => engine.fork(id, { id: fork, from }, { by: 'chaos', key: 'fork' }));
      journal.add({ what: 'fork', id: fork, key: 'fork', ...codeOf(forked) });
      if (!('code' in forked)) ids.push(fork);
      return;
    }
    await this.operate(id, choose(requests(view, workflow, random)), key, random() < 0.3 ? 2_000 : 0);
  }

  private async send(
    id: string,
    view: InstanceView,
    workflow: Workflow,
    key: string,
    random: () => number,
  ): Promise<void> {
    const types = random() < 0.8 && view.accepts.length > 0 ? view.accepts : workflow.eventTypes;
    const type = types[Math.floor(random() * types.length)];
    if (type === undefined || type.includes('*')) return;
    const schema = workflow.events[type];
    const payload = schema === undefined ? {} : (sample(schema, random)?.value as object | undefined);
    const sent = await this.call((engine) => engine.send(id, { type, ...payload }, { key }));
    this.options.journal.add({ what: 'send', id, key, type, ...codeOf(sent) });
  }

  private async operate(id: string, request: OperationRequest, key: string, wait = 0): Promise<void> {
    const told = await this.call((engine) => engine.operate(id, request, { by: 'chaos', key, wait }));
    const status = 'code' in told && !('id' in told) ? {} : { status: (told as { status: string }).status };
    const refused = 'id' in told ? {} : codeOf(told);
    this.options.journal.add({ what: 'operate', id, key, operation: request.operation, ...status, ...refused });
  }

  private async result(id: string): Promise<void> {
    const found = await this.call(async (engine) => ({ output: await engine.result(id, { timeout: 3_000 }) }));
    if (!('code' in found)) this.options.journal.add({ what: 'result', id, output: found.output });
  }

  /** Calls until there is an answer: what came of it, or the code of a refusal. @throws Unanswered, once that has been noted */
  private async call<T extends object>(ask: (engine: Engine) => Promise<T>): Promise<T | { code: string }> {
    const { engine, journal } = this.options;
    const began = Date.now();
    for (;;) {
      const abandoned = Promise.withResolvers<never>();
      const timer = setTimeout(() => abandoned.reject(new Error('no answer')), LONGEST_CALL);
      try {
        return await Promise.race([ask(engine), abandoned.promise]);
      } catch (error) {
        if (!(error instanceof DurachartError)) {
          journal.wrong.push(`a call ended with ${String(error)} (${String((error as { code?: unknown }).code)})`);
          throw new Unanswered();
        }
        if (error.code !== 'DATABASE_UNAVAILABLE') return { code: error.code };
        journal.unavailable++;
        if (Date.now() - began > LONGEST_CALL * 2) {
          journal.wrong.push('a call found no database for two minutes');
          throw new Unanswered();
        }
        await sleep(50);
      } finally {
        clearTimeout(timer);
        journal.slowest = Math.max(journal.slowest, Date.now() - began);
      }
    }
  }
}

function requests(view: InstanceView, workflow: Workflow, random: () => number): OperationRequest[] {
  const requests: OperationRequest[] = [
    { operation: 'pause' },
    { operation: 'resume' },
    { operation: 'cancel', force: random() < 0.5 },
  ];
  if (view.sequence > 0) requests.push({ operation: 'rewind', to: 1 + Math.floor(random() * view.sequence) });
  if (typeof view.context?.['n'] === 'number')
    requests.push({ operation: 'edit', patch: [{ op: 'replace', path: '/n', value: Math.floor(random() * 9) }] });
  for (let more = 0; more < 3; more++) {
    if (view.status === 'failed') requests.push({ operation: 'retry' });
    if (view.status === 'paused') requests.push({ operation: 'unpause' });
  }
  for (const { key, step } of view.steps) {
    const schema = workflow.steps.get(step)?.output;
    const output = schema === undefined ? { n: 0 } : sample(schema, random)?.value;
    requests.push({ operation: 'skip', step: key, output });
  }
  return requests;
}

function codeOf(answer: object): { code?: string } {
  return 'code' in answer && typeof answer.code === 'string' && !('id' in answer) ? { code: answer.code } : {};
}
