import { useMutation, useQueryClient } from '@tanstack/react-query';
import { ListChecks } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { Dialog, DialogTrigger, Heading, Input, Label, Modal, ModalOverlay, TextField } from 'react-aria-components';
import type { BulkBatch, BulkCount } from '../../http/types.ts';
import { post } from '../api/client.ts';
import { Button } from '../kit/button.tsx';
import { number } from '../kit/number.ts';
import { StatusMark } from '../kit/status.tsx';
import { Choice } from '../kit/tab-links.tsx';
import { filtersOf, toQuery, WORDS, wordsOf, type ListSearch } from './search.ts';

type Operation = 'retry' | 'resume' | 'cancel';
const OPERATIONS = [
  ['retry', 'Retry'],
  ['resume', 'Resume'],
  ['cancel', 'Cancel'],
] as const;
const WHAT: Readonly<Record<Operation, string>> = {
  retry: 'The failed step of each gets fresh attempts.',
  resume: 'Each goes on where it failed, was paused, or left its way by an error.',
  cancel: 'Each ends, and what it started. This cannot be undone.',
};

interface Sum {
  applied: number;
  requested: number;
  refused: number;
  over: boolean;
}

/** Does something to all instances that the list shows, and to those that it would show further down. */
export function Bulk({ search }: { search: ListSearch }) {
  return (
    <DialogTrigger>
      <Button>
        <ListChecks className="size-3.5" aria-hidden /> <span className="max-sm:sr-only">Bulk</span>
      </Button>
      <ModalOverlay
        isDismissable
        className="fixed inset-0 z-50 flex items-start justify-center overflow-auto bg-black/40 p-4 pt-[10vh]"
      >
        <Modal className="w-full max-w-lg rounded-xl border border-line bg-panel p-5 shadow-xl">
          <Dialog className="space-y-4 outline-none">{({ close }) => <Steps search={search} close={close} />}</Dialog>
        </Modal>
      </ModalOverlay>
    </DialogTrigger>
  );
}

/** Chosen, counted, done: in this order. */
function Steps({ search, close }: { search: ListSearch; close: () => void }) {
  const [operation, setOperation] = useState<Operation>('retry');
  const [why, setWhy] = useState('');
  // Who is asked for twice must be the same: ages are made to times once.
  const [filter] = useState(() => toQuery(search));
  const all = Object.keys(filter).length === 0;
  const asked = {
    request: { operation },
    filter,
    ...(all ? { all } : {}),
    ...(why === '' ? {} : { why }),
    by: 'inspector',
  };

  const count = useMutation({
    mutationFn: async (): Promise<BulkCount> => post('/operations/bulk', { ...asked, dryRun: true }),
  });
  const { mutate } = count;
  useEffect(() => mutate(), [operation, mutate]);
  const { run, stop, sum, error } = useBatches(asked);
  const legal = count.data?.states.reduce((total, state) => total + state.legal, 0) ?? 0;
  const words = OPERATIONS.find(([key]) => key === operation)?.[1] ?? operation;
  return (
    <>
      <Heading slot="title" className="text-base font-semibold">
        Do it to many
      </Heading>
      <p className="text-sm text-muted">
        {all ? 'All instances.' : 'Instances with '}
        {filtersOf(search).map(([key, value], index) => (
          <span key={key}>
            {index > 0 && ', '}
            {WORDS[key]} <strong className="font-medium text-ink">{wordsOf(key, value)}</strong>
          </span>
        ))}
      </p>
      {sum === undefined ? (
        <>
          <Choice label="What" options={OPERATIONS} value={operation} onChange={setOperation} />
          <p className="text-sm">{WHAT[operation]}</p>
          <Counted count={count.data} error={count.error} />
          <TextField value={why} onChange={setWhy} className="flex flex-col gap-1">
            <Label className="text-xs text-muted">Why (kept in the record)</Label>
            <Input className="h-8 rounded-md border border-edge bg-raised px-2 text-sm" />
          </TextField>
          <div className="flex justify-end gap-2">
            <Button onPress={close}>Close</Button>
            <Button
              kind={operation === 'cancel' ? 'danger' : 'solid'}
              isDisabled={legal === 0}
              onPress={() => void run()}
            >
              {words} {count.data === undefined ? '' : atLeast(count.data, legal)}
            </Button>
          </div>
        </>
      ) : (
        <>
          <p role="status" className="tabular text-sm">
            {sum.over ? 'Done: ' : 'Under way: '}
            {number(sum.applied)} applied, {number(sum.requested)} asked for, {number(sum.refused)} refused.
          </p>
          {error !== undefined && <p className="text-sm text-failed">{error}</p>}
          <div className="flex justify-end gap-2">
            {!sum.over && <Button onPress={stop}>Stop after this batch</Button>}
            <Button kind="solid" isDisabled={!sum.over} onPress={close}>
              Close
            </Button>
          </div>
        </>
      )}
    </>
  );
}

function Counted({ count, error }: { count: BulkCount | undefined; error: Error | null }) {
  if (error !== null) return <p className="text-sm text-failed">{error.message}</p>;
  if (count === undefined) return <p className="text-sm text-muted">Counting …</p>;
  return (
    <div className="rounded-lg border border-line">
      <p className="tabular border-b border-line px-3 py-2 text-sm">
        <strong className="font-semibold" data-matched={count.matched}>
          {number(count.matched)}
          {count.more ? '+' : ''}
        </strong>{' '}
        found{count.sampled < count.matched ? `; of the newest ${number(count.sampled)}:` : ':'}
      </p>
      <ul className="max-h-44 divide-y divide-line overflow-auto text-sm">
        {count.states.map((state) => (
          <li key={`${state.workflow} ${state.status} ${state.state}`} className="flex items-center gap-2 px-3 py-1.5">
            <StatusMark status={state.status} label={state.status} />
            <span className="truncate font-medium">{state.state}</span>
            <span className="tabular ml-auto whitespace-nowrap text-muted">
              {number(state.legal)} of {number(state.sampled)}
            </span>
            <span className="truncate font-mono text-2xs text-muted">{Object.keys(state.refused).join(', ')}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Batch after batch, until there is none, or one is told to stop. */
function useBatches(asked: object) {
  const client = useQueryClient();
  const [sum, setSum] = useState<Sum>();
  const [error, setError] = useState<string>();
  const stopped = useRef(false);
  const run = async (): Promise<void> => {
    const total: Sum = { applied: 0, requested: 0, refused: 0, over: false };
    setSum({ ...total });
    let cursor: string | undefined;
    // The server makes one for the first batch.
    let key: string | undefined;
    try {
      do {
        const batch: BulkBatch = await post<BulkBatch>(
          '/operations/bulk',
          { ...asked, ...(cursor === undefined ? {} : { cursor }) },
          key === undefined ? {} : { 'idempotency-key': key },
        );
        total.applied += batch.applied;
        total.requested += batch.requested;
        total.refused += batch.refused.length;
        key = batch.key;
        cursor = batch.next ?? undefined;
        setSum({ ...total });
      } while (cursor !== undefined && !stopped.current);
    } catch (cause) {
      setError((cause as Error).message);
    }
    setSum({ ...total, over: true });
    void client.invalidateQueries();
  };
  return { run, sum, error, stop: () => (stopped.current = true) };
}

function atLeast(count: BulkCount, legal: number): string {
  return count.sampled < count.matched ? 'them' : number(legal);
}
