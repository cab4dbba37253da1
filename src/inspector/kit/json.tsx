import { collapseAllNested, JsonView } from 'react-json-view-lite';
import { Copy } from './copy.tsx';
import { PayloadLink, PayloadLinks } from './payload.tsx';
import { isReference } from './reference.ts';

const STYLE = {
  container: 'font-mono text-xs leading-5 break-words',
  basicChildStyle: 'pl-4',
  childFieldsContainer: 'm-0 p-0 list-none',
  label: 'text-muted mr-1.5',
  clickableLabel: 'text-muted mr-1.5 cursor-pointer',
  nullValue: 'text-faint',
  undefinedValue: 'text-faint',
  numberValue: 'text-running',
  booleanValue: 'text-paused',
  stringValue: 'text-done whitespace-pre-wrap',
  otherValue: 'text-ink',
  punctuation: 'text-faint mr-1',
  expandIcon: 'cursor-pointer text-faint mr-1 inline-block w-3 after:content-["▸"]',
  collapseIcon: 'cursor-pointer text-faint mr-1 inline-block w-3 after:content-["▾"]',
  collapsedContent: 'cursor-pointer text-faint mx-1 after:content-["…"]',
  noQuotesForStringValues: false,
  quotesForFieldNames: false,
  stringifyStringValues: true,
  ariaLables: { collapseJson: 'fold', expandJson: 'unfold' },
};

/** Deeper than this it is folded at first, and so is what is long. */
const OPEN_LEVELS = 3;
const OPEN_ITEMS = 40;

/** A value as JSON, to be folded and copied. */
export function Json({ value, label, open = OPEN_LEVELS }: { value: unknown; label: string; open?: number }) {
  const inOpen = collapseAllNestedBelow(open);
  if (isReference(value)) return <PayloadLink payload={value} />;
  return (
    <div className="group/json relative min-w-0">
      <div className="absolute top-0 right-0 z-10 rounded-md bg-panel">
        <Copy text={() => JSON.stringify(value, null, 2) ?? ''} label={`Copy ${label}`} />
      </div>
      {typeof value === 'object' && value !== null ? (
        <>
          <JsonView data={value} style={STYLE} shouldExpandNode={inOpen} clickToExpandNode aria-label={label} />
          <PayloadLinks value={value} />
        </>
      ) : (
        <pre className="pr-8 font-mono text-xs leading-5 break-words whitespace-pre-wrap">
          {value === undefined ? 'nothing' : JSON.stringify(value)}
        </pre>
      )}
    </div>
  );
}

function collapseAllNestedBelow(levels: number): (level: number, value: unknown) => boolean {
  if (levels === 0) return collapseAllNested;
  return (level, value) =>
    level < levels &&
    !isReference(value) &&
    (level === 0 || (Array.isArray(value) ? value.length : Object.keys(value as object).length) <= OPEN_ITEMS);
}
