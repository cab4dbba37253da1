/** What is read of a JSON Schema. */
interface Schema {
  secret?: unknown;
  type?: unknown;
  properties?: Record<string, Schema>;
  items?: Schema | boolean;
  anyOf?: Schema[];
}

/** For the form: text that the schema marks as secret is entered as passwords are. */
export function secretFields({ secret, type, properties = {}, items, anyOf = [] }: Schema): object {
  const isText = type === 'string' || anyOf.some((each) => each.type === 'string');
  const isSecret = secret === true || anyOf.some((each) => each.secret === true);
  return {
    ...(isSecret && isText ? { 'ui:widget': 'password' } : {}),
    ...Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, secretFields(each)])),
    ...(typeof items === 'object' ? { items: secretFields(items) } : {}),
  };
}
