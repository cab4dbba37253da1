import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { Schedule } from '../../http/types.ts';
import { post } from '../api/client.ts';
import { Button } from '../kit/button.tsx';
import { CELL, HEAD, NUMBER, ROW, TABLE } from '../kit/cells.ts';
import { number } from '../kit/number.ts';
import { StatusMark } from '../kit/status.tsx';
import { duration, Time } from '../kit/time.tsx';

/** What a phone has no room for. */
const WIDE = 'max-md:hidden';

/** When workflows are started by themselves, and what came of it. */
export function ScheduleList({ schedules }: { schedules: readonly Schedule[] }) {
  return (
    <div className="overflow-x-auto">
      <table className={TABLE}>
        <thead>
          <tr>
            <th className={HEAD}>Schedule</th>
            <th className={HEAD}>When</th>
            <th className={HEAD}>Next</th>
            <th className={`${HEAD} ${WIDE}`}>Last</th>
            <th className={`${HEAD} ${WIDE}`}>Last instances</th>
            <th className={`${HEAD} ${NUMBER} ${WIDE}`}>Started</th>
            <th className={`${HEAD} ${NUMBER} ${WIDE}`}>Left out</th>
            <th className={HEAD}>
              <span className="sr-only">What can be done</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {schedules.map((schedule) => (
            <Line key={schedule.id} schedule={schedule} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Line({ schedule }: { schedule: Schedule }) {
  const { id, workflow, name, paused, next, last, instances } = schedule;
  return (
    <tr className={ROW}>
      <td className={CELL}>
        <Link to="/workflows/$name" params={{ name: workflow }} className="font-medium hover:underline">
          {workflow}
        </Link>
        <span className="text-muted">/{name}</span>
      </td>
      <td className={CELL}>
        <code className="whitespace-nowrap">{schedule.cron}</code>
        <div className="text-xs whitespace-nowrap text-muted">
          {schedule.timezone}
          {schedule.jitter > 0 && `, up to ${duration(schedule.jitter)} later`}
        </div>
      </td>
      <td className={CELL}>
        {paused === null ? (
          next.map((at) => (
            <div key={at}>
              <Time at={at} />
            </div>
          ))
        ) : (
          <span className="flex items-center gap-1.5">
            <StatusMark status="paused" /> paused by {paused.by}
          </span>
        )}
      </td>
      <td className={`${CELL} ${WIDE}`}>
        {last === null ? (
          <span className="text-muted">never</span>
        ) : (
          <>
            <Time at={last.at} />
            {last.outcome !== 'started' && (
              <div className={`text-xs ${last.outcome === 'failed' ? 'text-failed' : 'text-muted'}`}>
                {WORDS[last.outcome]}
                {last.outcome === 'failed' && last.message !== null && `: ${last.message}`}
              </div>
            )}
          </>
        )}
      </td>
      <td className={`${CELL} ${WIDE}`}>
        <ul className="space-y-0.5">
          {instances.slice(0, 3).map((instance) => (
            <li key={instance.id} className="whitespace-nowrap">
              <Link
                to="/instances/$id"
                params={{ id: instance.id }}
                className="inline-flex items-center gap-1.5 hover:underline"
              >
                <StatusMark status={instance.status} />
                {instance.state || instance.status}
              </Link>{' '}
              <Time at={instance.startedAt} className="text-xs text-muted" />
            </li>
          ))}
        </ul>
        {instances.length > 3 && (
          <Link to="/instances" search={{ tag: `schedule:${id}` }} className="text-xs text-muted hover:underline">
            all of them
          </Link>
        )}
      </td>
      <td className={`${CELL} ${NUMBER} ${WIDE}`}>{number(schedule.started)}</td>
      <td className={`${CELL} ${NUMBER} ${WIDE}`}>{number(schedule.skipped)}</td>
      <td className={CELL}>
        <Actions schedule={schedule} />
      </td>
    </tr>
  );
}

const WORDS = {
  missed: 'missed, nobody was up',
  overlap: 'left out, the one before went on',
  paused: 'left out, paused',
  failed: 'started nothing',
} as const;

function Actions({ schedule: { id, paused } }: { schedule: Schedule }) {
  const client = useQueryClient();
  const act = useMutation({
    mutationFn: async (operation: 'run' | 'pause' | 'unpause') =>
      post(`/schedules/${encodeURIComponent(id)}/${operation}`, { by: 'inspector' }),
    onSettled: async () => client.invalidateQueries({ queryKey: ['schedules'] }),
  });
  const pausing = paused === null ? 'pause' : 'unpause';
  return (
    <div className="flex flex-col items-end gap-1">
      <div className="flex justify-end gap-1.5">
        <Button isDisabled={act.isPending} onPress={() => act.mutate('run')} aria-label={`Run ${id} now`}>
          Run now
        </Button>
        <Button
          kind="quiet"
          isDisabled={act.isPending}
          onPress={() => act.mutate(pausing)}
          aria-label={paused === null ? `Pause ${id}` : `Let ${id} go on`}
        >
          {paused === null ? 'Pause' : 'Let it go on'}
        </Button>
      </div>
      {act.error !== null && (
        <p role="alert" className="text-xs text-failed">
          {act.error.message}
        </p>
      )}
    </div>
  );
}
