import type { Change, HistoryEntry, Instance, InstanceSummary, Step } from '../http/types.ts';
import { eventName, statusColor, stepName, stepStanding } from './standing.ts';
import { paint, type Terminal } from './terminal.ts';
import { duration, pad, plain, truncate } from './text.ts';

const BAR = 20;
const FRAME_MS = 250;
/** Of a stream without end, what was said long ago is forgotten. */
const MOST_SAID = 10_000;

/**
 * Shows changes as lines, one a transition. On a terminal that follows one instance, a last line that moves shows the
 * running steps with a bar; elsewhere each start and failure of a step is a line.
 */
export class Progress {
  private readonly terminal: Terminal;
  private readonly single: boolean;
  private readonly write: (text: string) => void;
  private readonly running = new Map<string, Step>();
  private readonly said = new Set<string>();
  private readonly held = new Map<string, string>();
  private drawn = false;
  private timer: NodeJS.Timeout | undefined;

  /** @param single whether it is one instance, whose id then is not repeated */
  constructor(terminal: Terminal, single: boolean, write: (text: string) => void = terminal.out) {
    this.terminal = terminal;
    this.single = single;
    this.write = write;
  }

  transition(entry: HistoryEntry): void {
    const { step } = entry;
    for (const [key, each] of this.running)
      if (each.key === step?.key || entry.from !== entry.to) this.running.delete(key);
    const cause =
      step === null
        ? entry.from === null
          ? ''
          : eventName(entry.event)
        : `${stepName({ kind: 'step', childId: null, ...step })}${step.status === 'done' ? '' : ` ${step.status}${step.errorCode === null ? '' : ` with ${step.errorCode}`}`}` +
          `${step.attempt > 1 ? `, attempt ${step.attempt}` : ''}${step.durationMs === null ? '' : `, ${duration(step.durationMs)}`}`;
    const moved =
      entry.from === null || entry.from === entry.to ? plain(entry.to) : `${plain(entry.from)} → ${plain(entry.to)}`;
    this.line(
      entry.at,
      this.who(entry),
      paint(this.terminal, 'bold', moved),
      paint(this.terminal, step?.errorCode ? 'red' : 'dim', plain(cause)),
    );
  }

  step(change: Extract<Change, { type: 'step' }>): void {
    const { step } = change;
    // The items of a fan-out are summed up by it; only what goes wrong with one is news.
    if (step.kind === 'item' && step.status !== 'failed' && step.status !== 'retrying') return;
    const id = `${change.instanceId} ${step.key}`;
    if (['done', 'failed', 'stopped'].includes(step.status)) this.running.delete(id);
    else if (step.kind !== 'item') this.running.set(id, step);
    const news = `${id} ${step.status} ${step.attempt}`;
    const worth =
      step.status === 'retrying' ||
      (step.kind === 'item' && step.status === 'failed') ||
      (step.status === 'running' && !this.live);
    if (worth && !this.said.has(news)) {
      if (this.said.size > MOST_SAID) this.said.clear();
      this.said.add(news);
      const color = step.status === 'retrying' ? 'yellow' : step.status === 'failed' ? 'red' : undefined;
      this.line(
        this.terminal.now(),
        this.who(change),
        paint(this.terminal, color, plain(stepStanding(step, this.terminal.now()))),
      );
    }
    this.draw();
  }

  /** What happens to an instance without a transition: it is held, or goes on. The end of a single one is told by {@link end}. */
  status({ status, errorCode, ...change }: Extract<Change, { type: 'status' }>): void {
    const ends = status === 'failed' || status === 'cancelled';
    const isHeld = status === 'paused' || ends;
    // It may be told twice.
    if (isHeld ? this.held.get(change.instanceId) === status : !this.held.delete(change.instanceId)) return;
    if (this.held.size > MOST_SAID) this.held.clear();
    if (isHeld) this.held.set(change.instanceId, status);
    if (this.single && ends) return;
    const text = isHeld ? `${status}${errorCode === null ? '' : ` with ${errorCode}`}` : 'goes on';
    this.line(this.terminal.now(), this.who(change), paint(this.terminal, statusColor(status), plain(text)));
  }

  note(text: string): void {
    this.line(this.terminal.now(), '', paint(this.terminal, 'dim', text));
  }

  /** Where the instance stands at the end. */
  end(instance: Instance | InstanceSummary): void {
    this.stop();
    const took = Date.parse(instance.finishedAt ?? instance.updatedAt) - Date.parse(instance.createdAt);
    const text = `${instance.status} in ${instance.state} after ${duration(took)}`;
    this.write(`${paint(this.terminal, statusColor(instance.status), plain(text))}\n`);
  }

  /** Takes the moving line away. */
  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.erase();
  }

  private get live(): boolean {
    return this.single && this.terminal.columns() !== undefined;
  }

  private who({ instanceId, workflow }: { instanceId: string; workflow: string }): string {
    return this.single ? '' : `${plain(instanceId)}  ${plain(workflow)}`;
  }

  private line(at: string | Date, ...parts: string[]): void {
    this.erase();
    const time = new Date(at).toTimeString().slice(0, 8);
    const text = [paint(this.terminal, 'dim', time), ...parts].filter((part) => part !== '').join('  ');
    this.write(`${text}\n`);
    this.draw();
  }

  private draw(): void {
    if (!this.live) return;
    this.erase();
    const steps = [...this.running.values()];
    if (steps.length === 0) return;
    this.timer ??= setInterval(() => this.draw(), FRAME_MS).unref();
    const now = this.terminal.now();
    const [first] = steps;
    const bar =
      steps.length === 1 && first?.progress !== null && first !== undefined ? `${progressBar(first.progress)} ` : '';
    const message = steps.length === 1 && first?.message ? ` · ${first.message}` : '';
    const text = plain(`${bar}${steps.map((step) => stepStanding(step, now)).join('; ')}${message}`);
    this.write(paint(this.terminal, 'cyan', truncate(`          ${text}`, (this.terminal.columns() ?? 80) - 1)));
    this.drawn = true;
  }

  private erase(): void {
    if (this.drawn) this.write('\r\u001b[2K');
    this.drawn = false;
  }
}

/** `█████░░░░░` @param fraction 0 to 1 */
function progressBar(fraction: number): string {
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * BAR);
  return pad('█'.repeat(full), BAR).replaceAll(' ', '░');
}
