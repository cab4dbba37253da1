import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { simpleParser, type ParsedMail } from 'mailparser';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { onTestFinished } from 'vitest';
import type { Smtp } from '../../../machines/digest-email/config.ts';

export interface Received {
  from: string;
  to: string[];
  raw: string;
  mail: ParsedMail;
}

/** What a server answers to a message that it has read; undefined takes it. */
export type Answer = (
  received: Received,
  count: number,
) => { code: number; text: string } | 'hang up' | 'say nothing' | undefined;

/** A real SMTP server that keeps what it is sent; stopped when the test ends. */
export async function startMailServer(
  options: { answer?: Answer; user?: string; pass?: string; smtp?: SMTPServerOptions } = {},
): Promise<{ smtp: Smtp; received: Received[] }> {
  const received: Received[] = [];
  const { user, pass } = options;
  const server = new SMTPServer({
    authOptional: user === undefined,
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    disableReverseLookup: true,
    logger: false,
    closeTimeout: 50,
    onAuth: (auth, _session, callback) => {
      if (auth.username === user && auth.password === pass) callback(null, { user: auth.username });
      else callback(error(535, `No: ${auth.username ?? ''} ${auth.password ?? ''}`));
    },
    onData: (stream, session, callback) => {
      void (async () => {
        const raw = await buffer(stream);
        const { mailFrom, rcptTo } = session.envelope;
        const one: Received = {
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          raw: raw.toString('latin1'),
          mail: await simpleParser(raw),
        };
        received.push(one);
        const answer = options.answer?.(one, received.length);
        if (answer === 'hang up') for (const connection of server.connections) connection.close();
        else if (answer !== 'say nothing') callback(answer === undefined ? null : error(answer.code, answer.text));
      })();
    },
    ...options.smtp,
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => new Promise<void>((resolve) => server.close(() => resolve())));
  const { port } = server.server.address() as AddressInfo;
  const auth = user === undefined ? undefined : { user, pass: pass ?? '' };
  return { smtp: { host: '127.0.0.1', port, secure: false, requireTLS: false, auth }, received };
}

function error(code: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode: code });
}
