import type { StepDetail } from '../../http/types.ts';
import { Until } from '../chart/until.tsx';
import { duration } from '../kit/time.tsx';

type Progress = NonNullable<StepDetail['fanOut']>;

/** How far a fan-out is: a bar of what has ended, and the counts. */
export function FanOut({ fanOut, isRunning }: { fanOut: Progress; isRunning: boolean }) {
  const { total, done, failed, skipped, left, timeLeftMs, resumeAt } = fanOut;
  const parts = [
    { name: 'done', count: done, color: 'bg-done' },
    { name: 'skipped', count: skipped, color: 'bg-muted' },
    { name: 'failed', count: failed, color: 'bg-failed' },
  ];
  const words = [...parts, { name: 'left', count: left }]
    .filter(({ name, count }) => count > 0 || name === 'done')
    .map(({ name, count }) => `${count.toLocaleString('en')} ${name}`)
    .join(', ');
  return (
    <div className="flex flex-col gap-1 text-sm">
      <div
        role="progressbar"
        aria-label="Items that have ended"
        aria-valuemin={0}
        aria-valuemax={total}
        aria-valuenow={total - left}
        className="flex h-2 overflow-hidden rounded-full bg-line"
      >
        {parts.map(({ name, count, color }) => (
          <span key={name} className={color} style={{ width: `${total === 0 ? 0 : (100 * count) / total}%` }} />
        ))}
      </div>
      <p className="tabular text-muted">
        {words} of {total.toLocaleString('en')} items
        {isRunning && timeLeftMs !== null && left > 0 ? `; about ${duration(timeLeftMs)} more` : ''}
        {resumeAt === null ? null : (
          <>
            ; next batch <Until at={resumeAt} />
          </>
        )}
      </p>
    </div>
  );
}
