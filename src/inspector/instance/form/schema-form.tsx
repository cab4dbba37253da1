import Form from '@rjsf/core';
import type { RJSFSchema, UiSchema } from '@rjsf/utils';
import { useId, useMemo, useState } from 'react';
import { Choice } from '../../kit/tab-links.tsx';
import './form.css';
import { JsonField } from './json-field.tsx';
import { secretFields } from './secret-fields.ts';
import { titled } from './titled.ts';
import { validator } from './validator.ts';

const UI: UiSchema = { 'ui:submitButtonOptions': { norender: true } };

/** A value for a schema: by a form, or as JSON for whoever prefers that; without a schema, as JSON. */
export function SchemaForm({
  label,
  schema,
  value,
  onChange,
}: {
  label: string;
  schema: Record<string, unknown> | null;
  value: unknown;
  /** Undefined: what stands there is no JSON. */
  onChange: (value: unknown, isJson: boolean) => void;
}) {
  const [way, setWay] = useState<'form' | 'json'>('form');
  const id = useId();
  const form = useMemo(() => (schema === null ? {} : (titled(schema) as RJSFSchema)), [schema]);
  const ui = useMemo(() => ({ ...UI, ...secretFields(schema ?? {}) }) as UiSchema, [schema]);
  const showsForm = schema !== null && way === 'form';
  return (
    <div className="flex flex-col gap-2">
      {schema === null ? null : (
        <div className="self-end">
          <Choice
            label={`How to enter ${label}`}
            options={[
              ['form', 'Form'],
              ['json', 'JSON'],
            ]}
            value={way}
            onChange={setWay}
          />
        </div>
      )}
      {showsForm ? (
        <Form
          idPrefix={id.replaceAll(/\W/g, '')}
          tagName="div"
          className="schema-form"
          schema={form}
          uiSchema={ui}
          validator={validator}
          formData={value}
          showErrorList={false}
          liveValidate={false}
          experimental_defaultFormStateBehavior={{
            emptyObjectFields: 'skipEmptyDefaults',
            // An optional list is not to begin with an entry that nobody made.
            arrayMinItems: { populate: 'requiredOnly' },
          }}
          onChange={({ formData }) => onChange(formData, true)}
        />
      ) : (
        <JsonField label={label} value={value} onChange={onChange} />
      )}
    </div>
  );
}
