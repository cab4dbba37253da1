import type { InstanceStatus, Step } from '../../http/types.ts';

/** How an instance stands, in a colour and a shape: never by colour alone. */
type AnyStatus = InstanceStatus | Step['status'];

const COLOURS: Readonly<Record<AnyStatus, string>> = {
  scheduled: 'text-idle',
  running: 'text-running',
  waiting: 'text-waiting',
  paused: 'text-paused',
  done: 'text-done',
  failed: 'text-failed',
  cancelled: 'text-idle',
  queued: 'text-idle',
  retrying: 'text-waiting',
  stopped: 'text-idle',
};

export const STATUSES = ['running', 'waiting', 'failed', 'paused', 'scheduled', 'done', 'cancelled'] as const;

export function statusColour(status: AnyStatus): string {
  return COLOURS[status];
}

/** The mark alone; its word has to stand beside it, or be given as `label`. */
export function StatusMark({ status, label }: { status: AnyStatus; label?: string }) {
  return (
    <svg
      viewBox="0 0 12 12"
      className={`size-3 shrink-0 ${COLOURS[status]}`}
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      {...(label === undefined ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label })}
    >
      {shapeOf(status)}
    </svg>
  );
}

function shapeOf(status: AnyStatus) {
  switch (status) {
    case 'running':
      return (
        <>
          <circle cx="6" cy="6" r="4.6" opacity="0.45" />
          <circle cx="6" cy="6" r="2.1" fill="currentColor" stroke="none" className="breathe" />
        </>
      );
    case 'waiting':
      return (
        <path d="M3.2 1.8h5.600M3.2 10.2h5.600M3.8 1.800c0 2.400 4.400 2.800 4.400 4.200s-4.400 1.800-4.400 4.200M8.200 1.800c0 2.400-4.400 2.800-4.400 4.200s4.400 1.800 4.400 4.200" />
      );
    case 'done':
      return <path d="M2 6.500 4.800 9.200 10 3.200" />;
    case 'failed':
      return <path d="M2.700 2.700l6.600 6.600M9.300 2.700l-6.600 6.600" />;
    case 'paused':
      return <path d="M4 2.500v7M8 2.500v7" />;
    case 'retrying':
      return <path d="M10 6a4 4 0 1 1-1.300-2.950M9.300 1.200v2.200H7.100" />;
    case 'scheduled':
    case 'queued':
      return (
        <>
          <circle cx="6" cy="6" r="4.600" />
          <path d="M6 3.600V6l1.600 1.200" />
        </>
      );
    default:
      return (
        <>
          <circle cx="6" cy="6" r="4.600" />
          <path d="M2.900 9.100l6.200-6.200" />
        </>
      );
  }
}

/** Mark and word. */
export function Status({ status, className = '' }: { status: AnyStatus; className?: string }) {
  return (
    <span className={`inline-flex items-center gap-1.5 whitespace-nowrap ${COLOURS[status]} ${className}`}>
      <StatusMark status={status} />
      {status}
    </span>
  );
}
