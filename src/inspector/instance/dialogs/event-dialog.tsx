import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useDeferredValue, useState } from 'react';
import type { Preview, Sent } from '../../../http/types.ts';
import { instancePath, post } from '../../api/client.ts';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { commandOf, curlOf } from '../curl.ts';
import { SchemaForm } from '../form/schema-form.tsx';
import { newKey } from './operate.ts';
import { PreviewView } from './preview-view.tsx';
import { ProblemText } from './problem.tsx';
import { ShellLines } from './shell-lines.tsx';

/** Sends an event: its payload by a form, and what would happen before it is sent. */
export function EventDialog({
  id,
  type,
  schema,
  onClose,
}: {
  id: string;
  type: string;
  schema: Record<string, unknown> | null;
  onClose: () => void;
}) {
  const client = useQueryClient();
  const [payload, setPayload] = useState<unknown>(undefined);
  const [isJson, setIsJson] = useState(true);
  const event = eventOf(type, payload);
  // What is typed is looked at when the hands rest.
  const shown = useDeferredValue(JSON.stringify(event));
  const { data: preview } = useQuery({
    queryKey: ['instance', id, 'preview', shown],
    queryFn: async () => post<Preview>(instancePath(id, '/events/preview'), JSON.parse(shown)),
    placeholderData: keepPreviousData,
  });
  const { mutate, error, isPending } = useMutation({
    mutationFn: async () => post<Sent>(instancePath(id, '/events'), event, { 'idempotency-key': newKey() }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['instance', id] });
      onClose();
    },
  });
  const { type: _type, ...fields } = event;
  return (
    <Dialog title={`Send ${type}`} isOpen onClose={onClose} isWide>
      <form
        className="flex flex-col gap-3 p-4"
        onSubmit={(submitted) => {
          submitted.preventDefault();
          mutate();
        }}
      >
        <div className="grid gap-4 md:grid-cols-2">
          <SchemaForm
            label="Payload"
            schema={schema}
            value={payload}
            onChange={(value, valid) => {
              setPayload(value);
              setIsJson(valid);
            }}
          />
          <section aria-label="What would happen" className="min-w-0 rounded-lg bg-sunken p-3">
            <h3 className="mb-2 text-xs font-semibold text-muted">What would happen</h3>
            {preview === undefined ? null : <PreviewView preview={preview} />}
          </section>
        </div>
        <ProblemText error={error} />
        <ShellLines
          cli={commandOf('send', [id, type], {
            payload: Object.keys(fields).length === 0 ? undefined : JSON.stringify(fields),
          })}
          curl={curlOf(location.origin, 'POST', instancePath(id, '/events'), event)}
        />
        <div className="flex justify-end gap-2">
          <Button onPress={onClose}>Close</Button>
          <Button type="submit" kind="solid" isDisabled={isPending || !isJson}>
            Send {type}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function eventOf(type: string, payload: unknown): Record<string, unknown> {
  return { ...(typeof payload === 'object' ? payload : {}), type };
}
