import { Validator } from '@cfworker/json-schema';
import { toErrorSchema, type RJSFSchema, type RJSFValidationError, type ValidatorType } from '@rjsf/utils';

/** Holds values against JSON Schemas by reading them: a validator that compiles them would need `eval`, which the page forbids itself. */
export const validator: ValidatorType = {
  isValid: (schema, value, root) => check(withDefinitions(schema, root), value).length === 0,
  rawValidation: (schema, value) => ({ errors: check(schema, value) as never[] }),
  validateFormData: (value, schema, _custom, transform, uiSchema) => {
    const found = check(schema, value);
    const errors = transform === undefined ? found : transform(found, uiSchema);
    return { errors, errorSchema: toErrorSchema(errors) };
  },
};

/** What is wrong, one entry a place and keyword. */
export function check(schema: RJSFSchema, value: unknown): RJSFValidationError[] {
  // What JSON would not carry is not there.
  const plain: unknown = value === undefined ? undefined : JSON.parse(JSON.stringify(value));
  const { errors } = new Validator(schema as never, '2020-12', false).validate(plain);
  return errors
    .filter(({ keyword }) => !GENERAL.has(keyword))
    .map(({ keyword, instanceLocation, error }) => ({
      name: keyword,
      message: error,
      property: propertyOf(instanceLocation),
      stack: `${propertyOf(instanceLocation)} ${error}`.trim(),
    }));
}

/** They only say that something inside of them is wrong. */
const GENERAL = new Set(['properties', 'items', 'prefixItems', '$ref', 'allOf', 'additionalProperties']);

function withDefinitions(schema: RJSFSchema, root: RJSFSchema | undefined): RJSFSchema {
  return root?.['$defs'] === undefined || schema['$defs'] !== undefined ? schema : { ...schema, $defs: root['$defs'] };
}

/** `#/drafts/0/text` → `.drafts.0.text` */
function propertyOf(location: string): string {
  const names = location
    .replace(/^#\/?/, '')
    .split('/')
    .filter((name) => name !== '');
  return names.map((name) => `.${decodeURIComponent(name).replaceAll('~1', '/').replaceAll('~0', '~')}`).join('');
}
