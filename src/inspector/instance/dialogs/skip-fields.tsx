import { lazy, Suspense } from 'react';
import { useQuery } from '@tanstack/react-query';
import type { Instance, Step } from '../../../http/types.ts';
import { workflowQuery } from '../../api/queries.ts';
import type { Draft } from './arguments.ts';
import { SelectField } from './field.tsx';

/** Forms are heavy, and this file is also asked what can be skipped. */
const SchemaForm = lazy(async () => ({ default: (await import('../form/schema-form.tsx')).SchemaForm }));

/** The invocations that could be skipped: somebody waits for their result, and there is none yet. */
export function skippable({ steps }: Pick<Instance, 'steps'>): Step[] {
  return steps.filter(
    ({ kind, status }) => kind !== 'action' && kind !== 'item' && status !== 'done' && status !== 'stopped',
  );
}

/** Which step is skipped, and the output that it is to have given. */
export function SkipFields({
  instance,
  step,
  onChange,
  onJson,
}: {
  instance: Instance;
  step: string;
  onChange: (part: Pick<Draft, 'output'> | Pick<Draft, 'step'>) => void;
  onJson: (isJson: boolean) => void;
}) {
  const { data: workflow } = useQuery(workflowQuery(instance.workflow));
  const steps = skippable(instance);
  const name = steps.find(({ key }) => key === step)?.step ?? '';
  return (
    <>
      {steps.length < 2 ? (
        <p>
          Step <code className="font-mono">{name}</code>
        </p>
      ) : (
        <SelectField
          label="Step"
          value={step}
          onChange={(value) => onChange({ step: value })}
          options={steps.map(({ key }) => ({ value: key, text: key }))}
        />
      )}
      <Suspense>
        <SchemaForm
          key={name}
          label="Output"
          schema={workflow?.stepOptions[name]?.output ?? null}
          value={undefined}
          onChange={(output, isJson) => {
            onChange({ output });
            onJson(isJson);
          }}
        />
      </Suspense>
    </>
  );
}
