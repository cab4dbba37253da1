import type { Millis } from '../ports.ts';
import { isRun } from '../step-rows.ts';
import { explain } from './explain.ts';
import type { Explanation } from './explanation.ts';
import { usualKey, type Facts, type Member } from './facts.ts';
import type { ExplainReader } from './reader.ts';

/** Reads what an explanation rests on, in two statements, and explains; undefined where there is no such instance. */
export async function readAndExplain(
  reader: ExplainReader,
  id: string,
  settings: Pick<Facts, 'workflows' | 'concurrency' | 'queues' | 'deadAfter' | 'onTrigger'>,
  now: Millis,
): Promise<Explanation | undefined> {
  const read = await reader.facts(id);
  if (read === undefined) return undefined;
  const usual = await reader.usual(stepsThatRun(read.family));
  return explain({ ...read, ...settings, usual }, now);
}

function stepsThatRun(family: readonly Member[]): { workflow: string; step: string }[] {
  const running = family.flatMap(({ workflow, steps }) =>
    steps.filter(({ kind, status }) => isRun({ kind }) && status === 'running').map(({ step }) => ({ workflow, step })),
  );
  return [...new Map(running.map((pair) => [usualKey(pair.workflow, pair.step), pair])).values()];
}
