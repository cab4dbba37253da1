import { Button as AriaButton, type ButtonProps } from 'react-aria-components';

type Kind = 'plain' | 'solid' | 'quiet' | 'danger';

const KINDS: Readonly<Record<Kind, string>> = {
  plain: 'border border-line bg-raised text-ink hover:bg-hover data-pressed:bg-hover',
  solid: 'border border-transparent bg-accent-solid text-white hover:brightness-110',
  quiet: 'border border-transparent text-muted hover:bg-hover hover:text-ink',
  danger: 'border border-line bg-raised text-failed hover:bg-hover',
};

/** The one button. Of an icon alone it needs an `aria-label`. */
export function Button({
  kind = 'plain',
  className = '',
  ...props
}: ButtonProps & { kind?: Kind; className?: string }) {
  return (
    <AriaButton
      {...props}
      className={`inline-flex h-7 items-center justify-center gap-1.5 rounded-md px-2.5 text-sm font-medium whitespace-nowrap transition-colors disabled:opacity-45 ${KINDS[kind]} ${className}`}
    />
  );
}
