import { Option, type Command } from 'commander';
import { timeOrAge } from './age.ts';
import type { ListQuery } from './client.ts';
import { STATUSES } from './command.ts';

/** Which instances, as people say it. */
export interface FilterOptions {
  workflow?: string;
  status?: string;
  state?: string;
  tag?: string;
  tenant?: string;
  parent?: string;
  error?: string;
  atStep?: string;
  is?: string;
  since?: string;
  until?: string;
}

/** Adds the options that say which instances. */
export function filtered(command: Command): Command {
  return (
    command
      .option('--workflow <name>', 'of this workflow')
      .addOption(new Option('--status <status>', 'with this status').choices(STATUSES))
      .option('--state <state>', 'in this state, like VALIDATED')
      .option('--tag <tag>', 'with this tag')
      .option('--tenant <tenant>', 'of this tenant')
      .option('--parent <id>', 'started by this instance')
      .option('--error <code>', 'failed or cancelled with this error code')
      // Not `--step`: that is what `skip` calls the step that it skips.
      .option('--at-step <name>', 'that waits for this step, or failed at it')
      .addOption(
        new Option('--is <condition>', 'that stands like this').choices(['stuck', 'retrying', 'waiting', 'overdue']),
      )
      .option('--since <time>', 'started then or later: 2026-01-31T12:00:00Z, or 90s, 15m, 2h, 30d ago', timeOrAge)
      .option('--until <time>', 'started before', timeOrAge)
  );
}

/** The same by the names of the API; other options are left out. */
export function filterOf(options: FilterOptions): Omit<ListQuery, 'limit' | 'cursor'> {
  const {
    workflow,
    status,
    state,
    tag,
    tenant,
    parent: parentId,
    error: errorCode,
    atStep: step,
    is,
    since,
    until,
  } = options;
  const all = { workflow, status, state, tag, tenant, parentId, errorCode, step, is, since, until };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}
