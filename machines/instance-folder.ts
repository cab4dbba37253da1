import { createHash } from 'node:crypto';

/** Folder of an instance in the artifact store: its id; one with other characters than a key may have becomes a readable and unique name. */
export function instanceFolder(instance: string): string {
  if (/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/.test(instance)) return instance;
  const readable = instance.replace(/[^A-Za-z0-9_-]+/g, '-').slice(0, 40);
  return `${readable}-${createHash('sha256').update(instance).digest('hex').slice(0, 12)}`;
}
