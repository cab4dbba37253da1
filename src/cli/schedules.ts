import type { Command } from 'commander';
import type { Schedule } from '../http/types.ts';
import { apiCommand, type Cli, type CommonOptions } from './command.ts';
import { asked, recorded, type MoveOptions } from './move.ts';
import { printTable, type Cell } from './table.ts';
import { plain, relative } from './text.ts';

/** The list of schedules, and starting one now; `pause-schedule` is beside the other pauses. */
export function addSchedules(program: Command, cli: Cli): void {
  apiCommand(program, 'schedules', 'when workflows are started by themselves, and what came of it').action(
    async (options: CommonOptions) => {
      const { items } = await cli.client(options).schedules();
      if (options.json) return cli.json(items);
      if (items.length === 0) return cli.terminal.out('No workflow has a schedule.\n');
      const now = cli.terminal.now();
      printTable(
        cli.terminal,
        [
          { title: 'SCHEDULE' },
          { title: 'CRON' },
          { title: 'ZONE', shrink: 8 },
          { title: 'NEXT' },
          { title: 'LAST' },
          { title: '' },
          { title: 'STARTED', align: 'right' },
          { title: 'LEFT OUT', align: 'right' },
        ],
        items.map((schedule) => [
          schedule.id,
          schedule.cron,
          schedule.timezone,
          nextOf(schedule, now),
          schedule.last === null ? 'never' : relative(schedule.last.at, now),
          outcome(schedule),
          String(schedule.started),
          String(schedule.skipped),
        ]),
      );
    },
  );
  recorded(apiCommand(program, 'run-schedule <schedule>', 'start an instance of a schedule now')).action(
    async (schedule: string, options: MoveOptions) => {
      const done = await cli.client(options).runSchedule(schedule, asked(options), options.key);
      if (options.json) return cli.json(done);
      const { started } = done.result as { started: string };
      cli.terminal.out(`started ${plain(started)}\n`);
    },
  );
}

function nextOf({ paused, next }: Schedule, now: Date): Cell {
  if (paused !== null) return { text: 'paused', color: 'yellow' };
  return next[0] === undefined ? 'never' : relative(next[0], now);
}

function outcome({ last, instances }: Schedule): Cell {
  if (last === null) return '';
  if (last.outcome === 'failed') return { text: `failed: ${last.message ?? ''}`, color: 'red' };
  if (last.outcome !== 'started') return { text: WORDS[last.outcome], color: 'yellow' };
  const newest = instances[0];
  return newest === undefined ? 'started' : `${newest.status} ${newest.state}`;
}

const WORDS = { missed: 'missed', overlap: 'the one before went on', paused: 'paused' } as const;
