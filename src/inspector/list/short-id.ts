const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const ULID = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/;

/** Of ids that begin with the time, the end tells them apart. */
export function shortId(id: string): string {
  return UUID.test(id) || ULID.test(id) ? `…${id.slice(-12)}` : id;
}
