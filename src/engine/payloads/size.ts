/** Bytes for people: `512 B`, `256 KB`, `3.1 MB`; a KB has 1,024 bytes. */
export function sizeInWords(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`;
  if (bytes < 1_024 ** 2) return `${Math.round(bytes / 1_024)} KB`;
  return `${(bytes / 1_024 ** 2).toFixed(1)} MB`;
}
