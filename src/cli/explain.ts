import type { Command } from 'commander';
import type { Cause, Explanation } from '../http/types.ts';
import { apiCommand, type Cli, type CommonOptions } from './command.ts';
import { statusColor } from './standing.ts';
import { paint, type Color, type Terminal } from './terminal.ts';
import { pad, plain, plainLines, relative, width, wrap } from './text.ts';

export function addExplain(program: Command, cli: Cli): void {
  apiCommand(program, 'explain <id>', 'why an instance stands where it stands, and what can be done about it').action(
    async (id: string, options: CommonOptions) => {
      const explanation = await cli.client(options).explain(id);
      if (options.json) return cli.json(explanation);
      print(cli.terminal, explanation);
    },
  );
}

/** Lines of a stack that are shown. */
const STACK = 8;

function print(terminal: Terminal, explanation: Explanation): void {
  const { id, workflow, status, state, sequence, since, causes, operations, recent, path } = explanation;
  const now = terminal.now();
  const where = state === '' ? '' : ` in ${paint(terminal, 'bold', plain(state))}`;
  const begun = sequence === 0 ? '' : paint(terminal, 'dim', ` since ${relative(since, now)}, transition ${sequence}`);
  terminal.out(`${paint(terminal, 'bold', plain(id))}  ${paint(terminal, 'dim', plain(workflow))}\n`);
  terminal.out(`${paint(terminal, statusColor(status), status)}${where}${begun}\n`);
  for (const cause of causes) printCause(terminal, cause);
  if (path !== undefined) printPath(terminal, path);
  const helps = causes.flatMap((cause) => cause.operations);
  printOperations(terminal, 'What helps', helps);
  const told = new Set(helps.map(({ command }) => command));
  printOperations(
    terminal,
    helps.length > 0 ? 'What else is possible' : 'What is possible',
    operations.filter(({ command }) => !told.has(command)),
  );
  if (recent.length > 0) heading(terminal, 'What was done last');
  for (const { operation, by, why, status: outcome, reason, requestedAt } of recent) {
    const said = [why, reason].filter((text) => text !== null).join('; ');
    paragraph(
      terminal,
      `${relative(requestedAt, now)}: ${operation} by ${by}, ${outcome}${said === '' ? '' : `: ${said}`}`,
      2,
    );
  }
}

function printCause(terminal: Terminal, cause: Cause): void {
  terminal.out(`\n${paint(terminal, COLORS[cause.code], cause.code)}\n`);
  paragraph(terminal, cause.words, 2);
  if (cause.code === 'WAITING') {
    const wide = Math.max(0, ...cause.events.map(({ type }) => width(plain(type))));
    for (const { type, schema } of cause.events) {
      const form = schema === null ? 'anything' : shapeOf(schema);
      terminal.out(`  ${pad(plain(type), wide)}  ${paint(terminal, 'dim', plain(form))}\n`);
    }
    const { deadline, nextTimer } = cause;
    if (nextTimer !== null && nextTimer.timer !== deadline?.timer)
      terminal.out(paint(terminal, 'dim', `  next timer ${nextTimer.dueAt} (${plain(nextTimer.timer)})\n`));
    if (deadline !== null)
      terminal.out(paint(terminal, 'dim', `  deadline ${deadline.dueAt} (${plain(deadline.timer)})\n`));
  }
  if (cause.code === 'FAILED' && cause.error.stack !== undefined) {
    // The first line is the message, which stands above.
    const lines = plainLines(cause.error.stack).split('\n').slice(1, STACK);
    for (const line of lines) terminal.out(`${paint(terminal, 'dim', `    ${line.trim()}`)}\n`);
  }
}

function printPath(terminal: Terminal, path: NonNullable<Explanation['path']>): void {
  heading(terminal, 'Where it comes from');
  path.forEach(({ id, workflow, state, status, code }, depth) => {
    const text = `${'  '.repeat(depth)}└ ${id}  ${workflow}${state === '' ? '' : ` in ${state}`}`;
    terminal.out(`  ${plain(text)}  ${paint(terminal, statusColor(status), code)}\n`);
  });
}

function printOperations(terminal: Terminal, title: string, operations: Explanation['operations']): void {
  if (operations.length === 0) return;
  heading(terminal, title);
  // Commands are never cut or broken: they are there to be copied.
  for (const { command, words } of new Map(operations.map((each) => [each.command, each])).values()) {
    terminal.out(`  ${paint(terminal, 'cyan', plain(command))}\n`);
    paragraph(terminal, words, 4, 'dim');
  }
}

function heading(terminal: Terminal, title: string): void {
  terminal.out(`\n${paint(terminal, 'bold', title)}\n`);
}

function paragraph(terminal: Terminal, text: string, indent: number, color?: Color): void {
  const columns = terminal.columns();
  const lines = wrap(plain(text), columns === undefined ? undefined : Math.max(20, columns - indent));
  for (const line of lines) terminal.out(`${' '.repeat(indent)}${paint(terminal, color, line)}\n`);
}

interface Schema {
  type?: unknown;
  const?: unknown;
  enum?: unknown[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
}

/** The form of a JSON Schema on one line: `{ by: string, level: "high" | "low", note?: string }`. */
export function shapeOf(schema: Schema, depth = 3): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (schema.anyOf !== undefined) return schema.anyOf.map((each) => shapeOf(each, depth)).join(' | ');
  if (schema.type === 'array')
    return `${depth > 0 && schema.items !== undefined ? shapeOf(schema.items, depth - 1) : 'anything'}[]`;
  if (schema.type !== 'object') return typeof schema.type === 'string' ? schema.type : 'anything';
  const fields = Object.entries(schema.properties ?? {});
  if (fields.length === 0) return '{}';
  if (depth === 0) return '{ … }';
  const required = new Set(schema.required ?? []);
  return `{ ${fields.map(([name, inner]) => `${name}${required.has(name) ? '' : '?'}: ${shapeOf(inner, depth - 1)}`).join(', ')} }`;
}

const COLORS: Readonly<Record<Cause['code'], Color>> = {
  FAILED: 'red',
  ACTION_FAILED: 'red',
  CHILD_FAILED: 'red',
  STATE_UNKNOWN: 'red',
  DEAD_WORKER: 'red',
  WORKER_BLOCKED: 'red',
  NO_WORKER: 'red',
  OVERDUE: 'red',
  LOST_RUN: 'red',
  STEP_PAST_TIMEOUT: 'red',
  STEP_SILENT: 'red',
  CHILD_STUCK: 'red',
  RETRYING: 'yellow',
  QUEUED: 'yellow',
  WAITING: 'yellow',
  PAUSED: 'yellow',
  WORKFLOW_PAUSED: 'yellow',
  QUEUE_PAUSED: 'yellow',
  LONG_HISTORY: 'yellow',
  UNKNOWN_WORKFLOW: 'yellow',
  RUNNING: 'cyan',
  FAN_OUT: 'cyan',
  CHILD_RUNNING: 'cyan',
  DONE: 'green',
  SCHEDULED: 'dim',
  CANCELLED: 'dim',
};
