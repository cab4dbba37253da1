import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { createTransport } from 'nodemailer';

/** A message, before it is one. */
export interface Content {
  subject: string;
  html: string;
  text: string;
  messageId: string;
  from: string;
  to: { address: string; name: string | null };
}

/** The same for the same key: a message that is sent twice is one for whoever gets it. */
export function messageIdOf(idempotencyKey: string, from: string): string {
  const hash = createHash('sha256').update(idempotencyKey).digest('hex').slice(0, 32);
  return `<${hash}@${from.slice(from.lastIndexOf('@') + 1)}>`;
}

/** Puts a message together, in MIME. Names and subject are encoded: a line break in one begins no header of its own. */
export async function buildMessage({ subject, html, text, messageId, from, to }: Content): Promise<Buffer> {
  const transport = createTransport({
    streamTransport: true,
    newline: 'windows',
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const { message } = await transport.sendMail({
    from,
    to: { address: to.address, name: oneLine(to.name ?? '') },
    subject: oneLine(subject),
    messageId,
    html,
    text,
    list: { unsubscribe: { url: `mailto:${from}?subject=unsubscribe`, comment: 'Unsubscribe' } },
    headers: { 'Auto-Submitted': 'auto-generated' },
  });
  return message instanceof Uint8Array ? Buffer.from(message) : buffer(message);
}

function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
}
