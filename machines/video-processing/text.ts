/** Text from outside (file names, metadata, a model's words) as the database can store it: no NUL, no half characters, bounded. */
export function storable(text: string, max = 200): string {
  const clean = text
    .toWellFormed()
    .replace(/\p{Cc}+/gu, ' ')
    .trim();
  return clean.length <= max ? clean : `${clean.slice(0, max - 1)}…`.toWellFormed();
}
