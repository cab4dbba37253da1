import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import type { Explanation, Instance, Step } from '../../http/types.ts';
import { useChanges } from '../api/live.ts';
import { pace } from '../api/pace.ts';
import { explanationQuery, historyQuery, instanceQuery, stepsQuery } from './queries.ts';

/** Asked anew at most this often while much happens. */
const PACE_MS = 250;

/** Keeps what is known of an instance up to date: progress at once, all else by asking again. */
export function useLive({ id, sequence, children }: Instance): void {
  const client = useQueryClient();
  const again = useMemo(
    () => pace(PACE_MS, () => void client.invalidateQueries({ queryKey: ['instance', id] })),
    [client, id],
  );
  useEffect(() => () => again.stop(), [again]);
  const askAgain = (): void => again.ask();
  useChanges((change) => {
    const of = change.type === 'transition' ? change.entry.instanceId : change.instanceId;
    if (of !== id && !children.some((child) => child.id === of)) return;
    if (change.type === 'step' && of === id) {
      client.setQueryData<Instance>(instanceQuery(id).queryKey, (known) => known && withStep(known, change.step));
      client.setQueryData<Explanation>(
        explanationQuery(id).queryKey,
        (known) => known && explained(known, change.step),
      );
      // Progress is all in the change itself.
      if (change.step.status === 'running' && (change.step.progress ?? 0) > 0) return;
    }
    askAgain();
  }, askAgain);
  // Where no stream comes through, the instance is still asked for now and then; what it did on the way follows.
  useEffect(() => {
    void client.invalidateQueries({ queryKey: historyQuery(id).queryKey });
    void client.invalidateQueries({ queryKey: stepsQuery(id).queryKey });
  }, [client, id, sequence]);
}

function withStep(instance: Instance, step: Step): Instance {
  return { ...instance, steps: instance.steps.map((known) => (known.key === step.key ? step : known)) };
}

function explained(explanation: Explanation, { key, progress, message }: Step): Explanation {
  const causes = explanation.causes.map((cause) =>
    cause.code === 'RUNNING' && cause.key === key ? { ...cause, progress, message } : cause,
  );
  return { ...explanation, causes };
}
