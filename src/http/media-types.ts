const TYPES: Readonly<Record<string, string>> = {
  csv: 'text/csv; charset=utf-8',
  gif: 'image/gif',
  htm: 'text/html; charset=utf-8',
  html: 'text/html; charset=utf-8',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  json: 'application/json',
  m4a: 'audio/mp4',
  md: 'text/markdown; charset=utf-8',
  mov: 'video/quicktime',
  mp3: 'audio/mpeg',
  mp4: 'video/mp4',
  ogg: 'audio/ogg',
  pdf: 'application/pdf',
  png: 'image/png',
  srt: 'text/plain; charset=utf-8',
  svg: 'image/svg+xml',
  txt: 'text/plain; charset=utf-8',
  vtt: 'text/vtt; charset=utf-8',
  wav: 'audio/wav',
  webm: 'video/webm',
  webp: 'image/webp',
};

/** A browser would run what these may hold, in the name of this server. */
const ACTIVE = new Set(['htm', 'html', 'svg', 'pdf']);

/** Content type by the ending of a name. */
export function contentType(name: string): string {
  return TYPES[ending(name)] ?? 'application/octet-stream';
}

/** Whether a browser may show it in place; else it is to be saved. */
export function isInline(name: string): boolean {
  const type = ending(name);
  return type in TYPES && !ACTIVE.has(type);
}

function ending(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1).toLowerCase();
}
