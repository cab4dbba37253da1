import type { Command } from 'commander';
import type { Instance, StepDetail } from '../http/types.ts';
import { apiCommand, type Cli, type CommonOptions } from './command.ts';
import { fanOutStanding, itemIndex, standing, statusColor, STEP_COLORS } from './standing.ts';
import { printFields, printTable } from './table.ts';
import { paint, type Terminal } from './terminal.ts';
import { duration, plain, plainLines, relative, safeJson } from './text.ts';

/** Lines of JSON that are shown before the rest is left to --json. */
const LINES = 24;
/** Failed items of a fan-out that are shown. */
const MOST_FAILED = 5;

export function addShow(program: Command, cli: Cli): void {
  apiCommand(
    program,
    'show <id>',
    'show one instance: where it stands and why, its steps, input, context and output',
  ).action(async (id: string, options: CommonOptions) => {
    const client = cli.client(options);
    const [instance, { items: steps }] = await Promise.all([client.get(id), client.steps(id)]);
    if (options.json) return cli.json({ ...instance, invocations: steps });
    const fanOuts = steps.filter(({ fanOut }) => (fanOut?.failed ?? 0) > 0);
    const failed = await Promise.all(
      fanOuts.map(
        async ({ key }) => (await client.items(id, key, { status: 'failed', limit: String(MOST_FAILED) })).items,
      ),
    );
    print(cli.terminal, instance, steps, failed.flat());
  });
}

function print(
  terminal: Terminal,
  instance: Instance,
  steps: readonly StepDetail[],
  failedItems: readonly StepDetail[],
): void {
  const now = terminal.now();
  const ended = instance.finishedAt !== null;
  const took = Date.parse(instance.finishedAt ?? now.toISOString()) - Date.parse(instance.createdAt);
  printFields(terminal, [
    ['instance', instance.id],
    ['workflow', `${instance.workflow}, version ${instance.version}`],
    ['status', { text: instance.status, color: statusColor(instance.status) }],
    ['state', { text: standing(instance, now), color: 'bold' }],
    ['since', relative(instance.updatedAt, now)],
    ['started', `${relative(instance.createdAt, now)} (${instance.createdAt})`],
    [ended ? 'took' : 'age', duration(took)],
    ['accepts', instance.accepts.join(', ')],
    ['timers', instance.timers.map(({ id, dueAt }) => `${id} ${relative(dueAt, now)}`).join(', ')],
    ['parent', instance.parentId ?? ''],
    ['tenant', instance.tenant ?? ''],
    ['tags', instance.tags.join(', ')],
    ['key', instance.key ?? ''],
    ['priority', instance.priority === 5 ? '' : String(instance.priority)],
  ]);
  if (instance.error !== null) {
    const { code, message, attempt } = instance.error;
    terminal.out(
      `\n${paint(terminal, 'red', `${plain(code)}${attempt === undefined ? '' : ` in attempt ${attempt}`}`)}: ${plainLines(message)}\n`,
    );
  }
  if (steps.length > 0) printSteps(terminal, steps, now);
  if (failedItems.length > 0) printFailed(terminal, instance.id, failedItems);
  if (instance.children.length > 0) {
    terminal.out('\n');
    printTable(
      terminal,
      [{ title: 'CHILD' }, { title: 'WORKFLOW', shrink: 8 }, { title: 'STATUS' }, { title: 'STATE', shrink: 8 }],
      instance.children.map((child) => [
        child.id,
        child.workflow,
        { text: child.status, color: statusColor(child.status) },
        child.state,
      ]),
    );
  }
  for (const part of ['input', 'context', 'output'] as const) printValue(terminal, part, instance[part]);
}

function printSteps(terminal: Terminal, steps: readonly StepDetail[], now: Date): void {
  terminal.out('\n');
  printTable(
    terminal,
    [
      { title: 'STEP', shrink: 10 },
      { title: 'STATUS' },
      { title: 'ATTEMPT' },
      { title: 'TOOK', align: 'right' },
      { title: 'ERROR', shrink: 12 },
      { title: 'MESSAGE', shrink: 10 },
    ],
    steps.map((step) => [
      step.step,
      {
        text:
          step.progress !== null && step.status === 'running'
            ? `running ${Math.round(step.progress * 100)}%`
            : step.status,
        color: STEP_COLORS[step.status],
      },
      step.kind === 'workflow' || step.kind === 'fan-out' ? '' : `${step.attempt} of ${step.maxAttempts}`,
      tookOf(step, now),
      step.errorCode ?? '',
      step.fanOut === null
        ? (step.error?.reason ?? step.error?.message ?? step.message ?? '')
        : fanOutStanding(step.fanOut, now),
    ]),
  );
}

function printFailed(terminal: Terminal, id: string, items: readonly StepDetail[]): void {
  terminal.out('\n');
  printTable(
    terminal,
    [{ title: 'FAILED ITEM' }, { title: 'ERROR', shrink: 12 }, { title: 'MESSAGE', shrink: 10 }],
    items.map(({ key, step, errorCode, error }) => [
      `${step} #${itemIndex(key)}`,
      { text: errorCode ?? '', color: 'red' },
      error?.reason ?? error?.message ?? '',
    ]),
  );
  terminal.out(`${paint(terminal, 'dim', `all: durachart items ${plain(id)} --status failed`)}\n`);
}

function tookOf({ startedAt, finishedAt }: StepDetail, now: Date): string {
  if (startedAt === null) return '';
  return duration((finishedAt === null ? now.getTime() : Date.parse(finishedAt)) - Date.parse(startedAt));
}

function printValue(terminal: Terminal, name: string, value: unknown): void {
  if (value === null || value === undefined) return;
  const lines = safeJson(value, 2).split('\n');
  const rest = lines.length - LINES;
  const shown = rest > 1 ? [...lines.slice(0, LINES), paint(terminal, 'dim', `… ${rest} more lines: --json`)] : lines;
  terminal.out(`\n${paint(terminal, 'dim', name)}\n${shown.map((line) => `  ${line}`).join('\n')}\n`);
}
