/** Mark and name. */
export function Brand({ compact = false }: { compact?: boolean }) {
  return (
    <span className="inline-flex items-center gap-2 text-base font-semibold tracking-tight">
      <svg viewBox="0 0 32 32" className="size-5" aria-hidden>
        <rect width="32" height="32" rx="7" className="fill-accent-solid" />
        <g fill="none" stroke="#fff" strokeWidth="2.4" strokeLinecap="round" strokeLinejoin="round">
          <rect x="5.5" y="6.5" width="9" height="7" rx="2" />
          <rect x="17.5" y="18.5" width="9" height="7" rx="2" />
          <path d="M14.5 10h5a2.5 2.5 0 0 1 2.5 2.5v6M10 13.5v6a2.5 2.5 0 0 0 2.5 2.5h5" />
        </g>
      </svg>
      <span className={compact ? 'max-sm:sr-only' : ''}>Durachart</span>
    </span>
  );
}
