import { useId, useState } from 'react';

/** A value as JSON text. */
export function JsonField({
  label,
  value,
  onChange,
  rows = 8,
}: {
  label: string;
  value: unknown;
  onChange: (value: unknown, isJson: boolean) => void;
  rows?: number;
}) {
  const id = useId();
  const [text, setText] = useState(() => (value === undefined ? '' : JSON.stringify(value, null, 2)));
  const [problem, setProblem] = useState('');
  const change = (next: string): void => {
    setText(next);
    try {
      onChange(next.trim() === '' ? undefined : (JSON.parse(next) as unknown), true);
      setProblem('');
    } catch (error) {
      setProblem((error as Error).message);
      onChange(undefined, false);
    }
  };
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="text-xs text-muted">
        {label}
      </label>
      <textarea
        id={id}
        rows={rows}
        spellCheck={false}
        value={text}
        onChange={(event) => change(event.target.value)}
        aria-invalid={problem !== ''}
        aria-describedby={problem === '' ? undefined : `${id}-problem`}
        className="w-full resize-y rounded-md border border-line bg-sunken p-2 font-mono text-xs"
      />
      {problem === '' ? null : (
        <p id={`${id}-problem`} className="text-xs text-failed">
          {problem}
        </p>
      )}
    </div>
  );
}
