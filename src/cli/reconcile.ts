import type { Command } from 'commander';
import type { Reconciled } from '../http/types.ts';
import { apiCommand, type Cli, type CommonOptions } from './command.ts';
import { CliError, EXIT } from './exit.ts';
import { printTable } from './table.ts';

export function addReconcile(program: Command, cli: Cli): void {
  apiCommand(program, 'reconcile', 'find what dead processes and lost runs have left, and go on with it').action(
    async (options: CommonOptions) => {
      const found = await cli.client(options).reconcile();
      if (options.json) cli.json(found);
      else print(cli, found);
      // Nobody goes on with these until the next look.
      if (found.failed.length > 0) throw new CliError(EXIT.error, '');
    },
  );
}

function print({ terminal }: Cli, { dead, due, lost, failed }: Reconciled): void {
  const counts = [
    count(dead, 'dead process', 'dead processes'),
    count(due.length, 'instance due', 'instances due'),
    count(lost.length, 'instance with a lost run', 'instances with a lost run'),
  ].filter((words) => words !== undefined);
  const but = failed.length === 0 ? '' : `; no driver could be triggered for ${failed.length}`;
  terminal.out(counts.length === 0 ? 'Nothing was lost.\n' : `found ${counts.join(', ')}${but}\n`);
  const rows = [...due.map((id) => [id, 'due'] as const), ...lost.map((id) => [id, 'run lost'] as const)];
  if (rows.length === 0) return;
  terminal.out('\n');
  const without = new Set(failed);
  printTable(
    terminal,
    [{ title: 'ID' }, { title: 'FOUND' }],
    rows.map(([id, what]) => [
      id,
      without.has(id) ? { text: `${what}; no driver could be triggered`, color: 'red' } : what,
    ]),
  );
}

function count(number: number, one: string, many: string): string | undefined {
  return number === 0 ? undefined : `${number} ${number === 1 ? one : many}`;
}
