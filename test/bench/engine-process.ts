import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { builtChild } from './built.ts';
import type { Cleanup } from './cleanup.ts';
import type { Orders, Reply, Request } from './orders.ts';

/** An engine in a process of its own, so that its CPU time and memory are its own. */
export class EngineProcess {
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, PromiseWithResolvers<unknown>>();
  private count = 0;

  static async open(url: string, concurrency: number, cleanup: Cleanup): Promise<EngineProcess> {
    const engine = new EngineProcess(await builtChild());
    cleanup.add(async () => engine.kill());
    await engine.order('open', { url, concurrency });
    return engine;
  }

  private constructor(path: string) {
    this.child = fork(path, [], { execArgv: ['--expose-gc'] });
    this.child.on('message', (reply: Reply) => {
      const waiting = this.waiting.get(reply.id);
      this.waiting.delete(reply.id);
      if ('error' in reply) waiting?.reject(new Error(`In the engine's process: ${reply.error}`));
      else waiting?.resolve(reply.result);
    });
    this.child.on('exit', (code, signal) => {
      for (const { reject } of this.waiting.values())
        reject(new Error(`The engine's process ended (${signal ?? code}).`));
      this.waiting.clear();
    });
  }

  async order<O extends keyof Orders>(
    order: O,
    parameters: Parameters<Orders[O]>[0],
  ): Promise<Awaited<ReturnType<Orders[O]>>> {
    const request: Request = { id: ++this.count, order, parameters };
    const answer = Promise.withResolvers<unknown>();
    this.waiting.set(request.id, answer);
    this.child.send(request, (error) => {
      if (error !== null) answer.reject(error);
    });
    return (await answer.promise) as Awaited<ReturnType<Orders[O]>>;
  }

  async close(): Promise<void> {
    await this.order('close', null);
    await this.kill();
  }

  /** Ends it without a word. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exit = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exit;
  }
}
