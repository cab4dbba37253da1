import { ToggleButton, ToggleButtonGroup } from 'react-aria-components';

/** Choices of which one holds; the caller keeps it in the address. */
export function Choice<T extends string>({
  label,
  options,
  value,
  onChange,
}: {
  label: string;
  options: readonly (readonly [T, string])[];
  value: T;
  onChange: (value: T) => void;
}) {
  return (
    <ToggleButtonGroup
      aria-label={label}
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={[value]}
      onSelectionChange={([key]) => key !== undefined && onChange(key as T)}
      className="flex w-fit max-w-full gap-0.5 overflow-x-auto rounded-md bg-sunken p-0.5"
    >
      {options.map(([key, text]) => (
        <ToggleButton
          key={key}
          id={key}
          className="rounded px-2 py-0.5 text-xs font-medium whitespace-nowrap text-muted outline-offset-0 hover:text-ink data-selected:bg-raised data-selected:text-ink data-selected:shadow-sm"
        >
          {text}
        </ToggleButton>
      ))}
    </ToggleButtonGroup>
  );
}
