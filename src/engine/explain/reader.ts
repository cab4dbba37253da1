import type { Claimed } from '../ports.ts';
import type { UsualTime } from './explanation.ts';
import type { ReadFacts } from './facts.ts';

/** What explanations and previews read. Nothing is written, nobody is held up. */
export interface ExplainReader {
  /** The instance and those that it waits for, in one statement; undefined where there is none. */
  facts(id: string): Promise<ReadFacts | undefined>;
  /** How long these steps usually take, by `usualKey`; steps of which nothing is known are left out. */
  usual(steps: readonly { workflow: string; step: string }[]): Promise<ReadonlyMap<string, UsualTime>>;
  /** The instance as a worker would take it over, without taking it. */
  standing(id: string): Promise<Claimed | undefined>;
}
