import type { PayloadReference } from '../../http/types.ts';
import { bytes } from './number.ts';
import { isReference } from './reference.ts';

/** Where such a value can be looked at: in a tab of its own, as it may have megabytes. */
export function PayloadLink({ payload: { link, size }, name }: { payload: PayloadReference; name?: string }) {
  return (
    <a href={link} target="_blank" rel="noreferrer" className="font-mono text-xs text-accent underline">
      {name === undefined ? '' : `${name}: `}
      {bytes(size)} of JSON
    </a>
  );
}

/** Links to those of an object's fields that lie elsewhere. */
export function PayloadLinks({ value }: { value: object }) {
  const apart = Object.entries(value).flatMap(([name, field]) =>
    isReference(field) ? [{ name, payload: field }] : [],
  );
  if (apart.length === 0) return null;
  return (
    <ul
      className="m-0 mt-2 flex list-none flex-wrap gap-x-4 gap-y-1 p-0"
      aria-label="Values that lie in the artifact store"
    >
      {apart.map(({ name, payload }) => (
        <li key={name}>
          <PayloadLink payload={payload} name={name} />
        </li>
      ))}
    </ul>
  );
}
