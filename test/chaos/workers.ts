import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('worker.ts', import.meta.url));

interface Running {
  child: ChildProcess;
  ready: boolean;
  killed: boolean;
  errors: string;
}

/** Worker processes, each followed by another one when it is killed. */
export class Workers {
  /** Those that ended by themselves, with their last words: none may. */
  readonly crashes: string[] = [];
  /** Faults that they told of, by their words. */
  readonly faults = new Map<string, number>();
  /** When one was told that others had taken it for dead: on a busy machine a beat may come too late. */
  readonly burials: number[] = [];
  private readonly running: Running[] = [];
  private readonly spares: Running[] = [];
  private readonly arguments: string[];
  private readonly cache: string;
  private over = false;

  /** @param args the arguments of {@link SCRIPT} @param cache folder in which they find what another one has compiled */
  constructor(count: number, args: readonly string[], cache: string) {
    this.cache = cache;
    this.arguments = [...args];
    for (let index = 0; index < count; index++) this.start(index);
  }

  get ready(): number {
    return this.running.filter(({ ready }) => ready).length;
  }

  get count(): number {
    return this.running.length;
  }

  /** Kills one, working or just starting. @returns whether it was just starting */
  kill(index: number): boolean {
    const worker = this.running[index] as Running;
    worker.killed = true;
    worker.child.kill('SIGKILL');
    return !worker.ready;
  }

  /** Stops one for a while, as a suspended machine does. */
  suspend(index: number, milliseconds: number): void {
    const { child } = this.running[index] as Running;
    child.kill('SIGSTOP');
    setTimeout(() => child.kill('SIGCONT'), milliseconds);
  }

  /** Sets one's clock forward or back. */
  setClock(index: number, offset: number): void {
    const { child } = this.running[index] as Running;
    if (child.connected) child.send(offset, () => {});
  }

  async stop(): Promise<void> {
    this.over = true;
    await Promise.all(
      [...this.running, ...this.spares].map(async ({ child }) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGKILL');
        await ended;
      }),
    );
  }

  /** Puts a process in a place: one that has loaded everything already, if there is one. */
  private start(index: number): void {
    const worker = this.spares.shift() ?? this.fork();
    this.running[index] = worker;
    worker.child.send('go', () => {});
    worker.child.once('exit', (code, signal) => {
      if (this.over) return;
      if (!worker.killed)
        this.crashes.push(`worker ${worker.child.pid} ended with ${signal ?? code}: ${worker.errors}`);
      this.start(index);
    });
    this.spares.push(this.fork());
  }

  private fork(): Running {
    const child = fork(SCRIPT, this.arguments, {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, NODE_COMPILE_CACHE: this.cache },
    });
    const worker: Running = { child, ready: false, killed: false, errors: '' };
    child.stderr?.on('data', (chunk: Buffer) => (worker.errors = (worker.errors + chunk.toString()).slice(-2_000)));
    child.on('message', ({ ready, fault }: { ready?: boolean; fault?: string }) => {
      if (ready === true) worker.ready = true;
      if (fault === undefined) return;
      this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
      if (fault.includes('taken for dead')) this.burials.push(Date.now());
    });
    return worker;
  }
}
