import type { Command } from 'commander';
import type { Workflow } from '../http/types.ts';
import { apiCommand, type Cli, type CommonOptions } from './command.ts';
import { printFields, printTable } from './table.ts';
import type { Terminal } from './terminal.ts';
import { duration, plain, safeJson } from './text.ts';

export function addWorkflows(program: Command, cli: Cli): void {
  apiCommand(program, 'workflows [name]', 'list the workflows, or show one').action(
    async (name: string | undefined, options: CommonOptions) => {
      const client = cli.client(options);
      if (name !== undefined) {
        const workflow = await client.workflow(name);
        return options.json ? cli.json(workflow) : show(cli.terminal, workflow);
      }
      const { items } = await client.workflows();
      if (options.json) return cli.json({ items });
      if (items.length === 0) return cli.terminal.out('The server has no workflows.\n');
      printTable(
        cli.terminal,
        [
          { title: 'WORKFLOW' },
          { title: 'VERSION' },
          { title: 'STEPS', shrink: 20 },
          { title: 'DESCRIPTION', shrink: 12 },
        ],
        items.map((each) => [each.name, each.version, each.steps.join(', '), each.description ?? '']),
      );
    },
  );
}

function show(terminal: Terminal, workflow: Workflow): void {
  printFields(terminal, [
    ['workflow', workflow.name],
    ['version', workflow.version],
    ['description', workflow.description ?? ''],
    ['states', workflow.states.join(', ')],
    ['events', workflow.events.map(({ type }) => type).join(', ')],
  ]);
  terminal.out('\n');
  printTable(
    terminal,
    [
      { title: 'STEP' },
      { title: 'ATTEMPTS', align: 'right' },
      { title: 'RETRY', shrink: 10 },
      { title: 'TIMEOUT', align: 'right' },
      { title: 'QUEUE', shrink: 8 },
    ],
    Object.entries(workflow.stepOptions).map(([step, { retry, timeout, queue }]) => [
      step,
      String(retry.maxAttempts),
      retry.maxAttempts === 1
        ? ''
        : `after ${duration(retry.minDelay)}, ×${retry.factor}, at most ${duration(retry.maxDelay)}`,
      timeout === null ? '' : duration(timeout),
      queue ?? '',
    ]),
  );
  if (workflow.input !== null) terminal.out(`\ninput (JSON Schema)\n${indented(workflow.input)}\n`);
  for (const { type, schema } of workflow.events) {
    if (schema !== null) terminal.out(`\nevent ${plain(type)} (JSON Schema)\n${indented(schema)}\n`);
  }
}

function indented(schema: Record<string, unknown>): string {
  const { $schema: _, ...rest } = schema;
  return safeJson(rest, 2).replace(/^/gm, '  ');
}
