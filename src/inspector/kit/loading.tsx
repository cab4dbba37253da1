/** Said late: most things are there before one would have read it. */
export function Loading({ what }: { what: string }) {
  return (
    <p role="status" className="animate-[fade_0.2s_0.4s_both] p-6 text-sm text-muted">
      Loading {what} …
    </p>
  );
}
