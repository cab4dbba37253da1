import { Json } from '../../kit/json.tsx';
import { JsonField } from '../form/json-field.tsx';

/** The context as text, and the patch that its changes make. */
export function EditFields({
  context,
  patch,
  onChange,
}: {
  context: unknown;
  patch: unknown;
  onChange: (context: unknown, isJson: boolean) => void;
}) {
  const changes = patch as unknown[];
  return (
    <div className="grid gap-3 md:grid-cols-[3fr_2fr]">
      <JsonField label="Context" value={context} onChange={onChange} rows={18} />
      <div className="flex min-w-0 flex-col gap-1">
        <h3 className="text-xs text-muted">Patch (RFC 6902)</h3>
        {changes.length === 0 ? (
          <p className="text-sm text-faint">Nothing is changed yet.</p>
        ) : (
          <Json value={patch} label="the patch" />
        )}
      </div>
    </div>
  );
}
