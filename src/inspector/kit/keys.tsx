/** Keys as they stand on the keyboard: `g i`, `⌘ K`. */
export function Keys({ keys }: { keys: string }) {
  return (
    <span className="inline-flex gap-1">
      {keys.split(' ').map((key) => (
        <kbd
          key={key}
          className="min-w-5 rounded border border-line bg-sunken px-1 py-px text-center font-mono text-2xs text-muted"
        >
          {key}
        </kbd>
      ))}
    </span>
  );
}

/** The key for commands on this system. */
export const COMMAND = /Mac|iPhone|iPad/.test(navigator.userAgent) ? '⌘' : 'Ctrl';
