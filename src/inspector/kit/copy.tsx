import { Check, Copy as CopyIcon } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Button } from './button.tsx';

/** Puts a text on the clipboard, and says so for a moment. */
export function Copy({ text, label, children }: { text: string | (() => string); label: string; children?: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1_500);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <Button
      kind="quiet"
      aria-label={copied ? `${label}: copied` : label}
      className={children === undefined ? 'h-6! px-1.5!' : 'h-6! px-1.5! text-xs!'}
      onPress={() => {
        // Without a clipboard (plain http from elsewhere) nothing is said to be copied.
        navigator.clipboard?.writeText(typeof text === 'string' ? text : text()).then(
          () => setCopied(true),
          () => {},
        );
      }}
    >
      {copied ? <Check size={13} className="text-done" /> : <CopyIcon size={13} />}
      {children}
    </Button>
  );
}
