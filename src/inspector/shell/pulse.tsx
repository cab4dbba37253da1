import { TooltipTrigger } from 'react-aria-components';
import { useHealth, type Health } from '../api/queries.ts';
import { Button } from '../kit/button.tsx';
import { Tip } from '../kit/tip.tsx';

const COLOURS: Readonly<Record<Health['state'], string>> = {
  unknown: 'bg-idle',
  well: 'bg-done',
  'no worker': 'bg-waiting',
  'no database': 'bg-failed',
  'no server': 'bg-failed',
};

/** How the server is, in a few words. */
export function Pulse() {
  const { state, ready } = useHealth();
  const workers = ready?.workers ?? [];
  const owned = workers.reduce((sum, worker) => sum + worker.owned, 0);
  const words =
    state === 'well' && ready?.remote === true
      ? 'Trigger.dev'
      : state === 'well'
        ? `${workers.length} ${workers.length === 1 ? 'worker' : 'workers'}`
        : state;
  return (
    <TooltipTrigger delay={200}>
      <Button kind="quiet" className="text-xs font-normal" aria-label={`Server: ${words}`}>
        <span className={`size-2 rounded-full ${COLOURS[state]}`} aria-hidden />
        <span className="tabular max-sm:sr-only">{words}</span>
      </Button>
      <Tip>
        {state === 'well' && ready?.remote !== true
          ? `The database answers; ${words} up, with ${owned} ${owned === 1 ? 'instance' : 'instances'} in hand`
          : words}
      </Tip>
    </TooltipTrigger>
  );
}
