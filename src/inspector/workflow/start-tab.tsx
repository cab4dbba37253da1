import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { FileTrigger, Input, Label, TextField } from 'react-aria-components';
import type { Started, Upload, Workflow } from '../../http/types.ts';
import { ApiError, post, put, workflowPath } from '../api/client.ts';
import { Button } from '../kit/button.tsx';
import { Loading } from '../kit/loading.tsx';
import { exampleOf } from './example.ts';

const SchemaForm = lazy(async () => ({ default: (await import('../instance/form/schema-form.tsx')).SchemaForm }));

/** Starts an instance: the input as a form made from its schema, or as JSON, with an example to begin with. */
export function StartTab({ workflow }: { workflow: Workflow }) {
  const [input, setInput] = useState<unknown>(() => exampleOf(workflow.input) ?? {});
  const [isJson, setIsJson] = useState(true);
  const [id, setId] = useState('');
  const [tags, setTags] = useState('');
  const navigate = useNavigate();
  const client = useQueryClient();
  const start = useMutation({
    mutationFn: async () =>
      post<Started>(workflowPath(workflow.name, '/instances'), {
        input,
        ...(id.trim() === '' ? {} : { id: id.trim() }),
        ...(listed(tags).length === 0 ? {} : { tags: listed(tags) }),
      }),
    onSuccess: async (started) => {
      void client.invalidateQueries();
      await navigate({ to: '/instances/$id', params: { id: started.id } });
    },
  });
  return (
    <div className="overflow-auto p-4">
      <section
        aria-label={`A new instance of ${workflow.name}`}
        className="mx-auto max-w-2xl space-y-4 rounded-lg border border-line bg-panel p-4"
      >
        <h2 className="text-sm font-semibold">A new instance of {workflow.name}</h2>
        <Suspense fallback={<Loading what="the form" />}>
          <SchemaForm
            label="Input"
            schema={workflow.input}
            value={input}
            onChange={(value, wasJson) => {
              setInput(value);
              setIsJson(wasJson);
            }}
          />
        </Suspense>
        <div className="grid gap-3 sm:grid-cols-2">
          <Text label="Id (a new one, if left empty)" value={id} onChange={setId} />
          <Text label="Tags, separated by commas" value={tags} onChange={setTags} />
        </div>
        {start.error !== null && <Refused error={start.error} />}
        <div className="flex flex-wrap items-center justify-between gap-2 border-t border-line pt-3">
          <UploadFile />
          <Button kind="solid" isDisabled={start.isPending || !isJson} onPress={() => start.mutate()}>
            Start
          </Button>
        </div>
      </section>
    </div>
  );
}

/** What the server found wrong, field by field. */
function Refused({ error }: { error: Error }) {
  const errors = error instanceof ApiError ? error.errors : [];
  return (
    <div role="alert" className="text-sm text-failed">
      {errors.length === 0 && <p>{error.message}</p>}
      <ul className="list-inside list-disc">
        {errors.map(({ path, message }) => (
          <li key={`${path} ${message}`}>
            <code className="font-mono text-xs">{path}</code> {message}
          </li>
        ))}
      </ul>
    </div>
  );
}

function listed(text: string): string[] {
  return text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

function Text({ label, value, onChange }: { label: string; value: string; onChange: (value: string) => void }) {
  return (
    <TextField value={value} onChange={onChange} className="flex flex-col gap-1">
      <Label className="text-xs text-muted">{label}</Label>
      <Input className="h-8 rounded-md border border-line bg-sunken px-2 text-sm" />
    </TextField>
  );
}

/** Puts a file where steps find it; its key goes into the input. */
function UploadFile() {
  const upload = useMutation({
    mutationFn: async (file: File) => put<Upload>(`/uploads/${encodeURIComponent(file.name)}`, file),
  });
  return (
    <div className="flex min-w-0 items-center gap-2 text-xs text-muted">
      <FileTrigger onSelect={(files) => files?.[0] !== undefined && upload.mutate(files[0])}>
        <Button isDisabled={upload.isPending}>{upload.isPending ? 'Uploading …' : 'Upload a file'}</Button>
      </FileTrigger>
      {upload.data !== undefined && (
        <code className="truncate font-mono select-all" title="For the input">
          upload:{upload.data.key}
        </code>
      )}
      {upload.error !== null && <span className="text-failed">{upload.error.message}</span>}
    </div>
  );
}
