/** What the sample tasks have done, in order. */
export const seen: { run: string; what: string; attempt: number; error?: unknown; aborted?: boolean }[] = [];
