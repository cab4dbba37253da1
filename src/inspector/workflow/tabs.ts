import { PERIODS } from '../overview/period.ts';
import type { Period } from '../api/queries.ts';

/** Parts of a workflow's page, as they stand in the address. */
export const TABS = [
  ['chart', 'Chart'],
  ['steps', 'Steps'],
  ['funnel', 'Funnel'],
  ['versions', 'Versions'],
  ['simulate', 'Simulate'],
  ['start', 'Start one'],
  ['schemas', 'Schemas'],
] as const;
export type TabName = (typeof TABS)[number][0];

export interface WorkflowSearch {
  tab?: TabName;
  period?: Period;
  /** Selected in the chart. */
  state?: string;
}

export function readTab(search: Record<string, unknown>): WorkflowSearch {
  const tab = TABS.find(([name]) => name === search['tab'])?.[0];
  const period = PERIODS.find(([each]) => each === search['period'])?.[0];
  const { state } = search;
  return {
    ...(tab === undefined ? {} : { tab }),
    ...(period === undefined ? {} : { period }),
    ...(typeof state === 'string' ? { state } : {}),
  };
}
