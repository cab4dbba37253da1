import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Instance, Operated } from '../../../http/types.ts';
import { instancePath } from '../../api/client.ts';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { commandOf, curlOf } from '../curl.ts';
import { historyQuery } from '../queries.ts';
import { argumentsOf, optionsOf, type Draft } from './arguments.ts';
import { CheckField, SelectField, TextField } from './field.tsx';
import { EditFields } from './edit-fields.tsx';
import { rememberedName, rememberName, useOperate, type OperationName } from './operate.ts';
import { ProblemText } from './problem.tsx';
import { ShellLines } from './shell-lines.tsx';
import { skippable, SkipFields } from './skip-fields.tsx';

/** Which operation is asked for, and of what. */
export interface Asking {
  operation: OperationName;
  /** Of a rewind and a fork: the transition. */
  at?: number | undefined;
  /** Of a skip: the step's key. */
  step?: string | undefined;
}

const TITLES: Readonly<Record<OperationName, { title: string; words: string; button: string }>> = {
  retry: { title: 'Retry', words: 'Gives the failed step fresh attempts.', button: 'Retry' },
  resume: { title: 'Resume', words: 'Takes it up again from where it got stuck.', button: 'Resume' },
  skip: { title: 'Skip a step', words: 'Goes on as if the step had given this output.', button: 'Skip' },
  rewind: { title: 'Rewind', words: 'Puts it back to where it stood after a transition.', button: 'Rewind' },
  fork: { title: 'Fork', words: 'Starts a new instance where this one stood after a transition.', button: 'Fork' },
  edit: {
    title: 'Edit the context',
    words: 'Changes the context, by the patch of what you change here.',
    button: 'Save',
  },
  pause: { title: 'Pause', words: 'Nothing more begins until it is unpaused; what runs may end.', button: 'Pause' },
  unpause: { title: 'Unpause', words: 'Lets it go on.', button: 'Unpause' },
  cancel: { title: 'Cancel', words: 'Ends it, and what it started.', button: 'Cancel the instance' },
};

/** Asks who and why, and for what an operation needs; shows the same as command lines. */
export function OperationDialog({
  instance,
  asking,
  onClose,
  onDone,
}: {
  instance: Instance;
  asking: Asking;
  onClose: () => void;
  onDone: (operation: OperationName, done: Operated) => void;
}) {
  const { operation } = asking;
  const { title, words, button } = TITLES[operation];
  const [draft, setDraft] = useState<Draft>(() => ({
    by: rememberedName(),
    why: '',
    step: asking.step ?? skippable(instance)[0]?.key ?? '',
    output: undefined,
    at: asking.at ?? Math.max(1, operation === 'fork' ? instance.sequence : instance.sequence - 1),
    context: instance.context,
    force: false,
  }));
  const [isJson, setIsJson] = useState(true);
  const { mutate, error, isPending } = useOperate(instance.id, operation, (done) => onDone(operation, done));
  const set = (part: Partial<Draft>): void => setDraft((known) => ({ ...known, ...part }));
  const body = argumentsOf(operation, draft, instance.context);
  const isEmpty = operation === 'edit' && (body['patch'] as unknown[]).length === 0;
  return (
    <Dialog title={title} isOpen onClose={onClose} isWide={operation === 'edit'}>
      <form
        className="flex flex-col gap-3 p-4"
        onSubmit={(event) => {
          event.preventDefault();
          rememberName(draft.by);
          mutate(body);
        }}
      >
        <p className="text-muted">{words}</p>
        {operation === 'skip' ? (
          <SkipFields instance={instance} step={draft.step} onChange={set} onJson={setIsJson} />
        ) : null}
        {operation === 'rewind' || operation === 'fork' ? (
          <Moment id={instance.id} at={draft.at} isFork={operation === 'fork'} onChange={(at) => set({ at })} />
        ) : null}
        {operation === 'edit' ? (
          <EditFields
            context={instance.context}
            patch={body['patch']}
            onChange={(context, valid) => {
              if (valid) set({ context });
              setIsJson(valid);
            }}
          />
        ) : null}
        {operation === 'cancel' ? (
          <CheckField checked={draft.force} onChange={(force) => set({ force })}>
            By force: not by the machine’s own cancel event
          </CheckField>
        ) : null}
        <div className="flex gap-3 max-sm:flex-col">
          <TextField label="Who" value={draft.by} onChange={(by) => set({ by })} placeholder="your name" />
          <TextField label="Why" value={draft.why} onChange={(why) => set({ why })} placeholder="for the record" />
        </div>
        <ProblemText error={error} />
        <ShellLines
          cli={commandOf(operation, [instance.id], optionsOf(body))}
          curl={curlOf(location.origin, 'POST', instancePath(instance.id, `/${operation}`), body)}
        />
        <div className="flex justify-end gap-2">
          <Button onPress={onClose}>Close</Button>
          <Button
            type="submit"
            kind={operation === 'cancel' ? 'danger' : 'solid'}
            isDisabled={isPending || !isJson || isEmpty}
          >
            {button}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** Which transition it is to go back to. */
function Moment({
  id,
  at,
  isFork,
  onChange,
}: {
  id: string;
  at: number;
  isFork: boolean;
  onChange: (at: number) => void;
}) {
  const { data } = useQuery(historyQuery(id));
  const options = (data?.entries ?? []).map(({ sequence, event, to }) => ({
    value: String(sequence),
    text: `${sequence}  ${to}  (${event})`,
  }));
  return (
    <SelectField
      label="After transition"
      value={String(at)}
      onChange={(value) => onChange(Number(value))}
      options={[...(isFork ? [{ value: '0', text: '0  anew, from the start' }] : []), ...options]}
    />
  );
}
