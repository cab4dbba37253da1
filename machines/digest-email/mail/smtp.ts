import { createTransport } from 'nodemailer';
import type { Smtp } from '../config.ts';
import { failureOf } from './failure.ts';

/** Hands a finished message to a mail server. @throws StepError, see failure.ts */
export async function sendBySmtp(
  smtp: Smtp,
  { from, to, message }: { from: string; to: string; message: Buffer },
): Promise<void> {
  const { auth, ...server } = smtp;
  const transport = createTransport({
    ...server,
    ...(auth === undefined ? {} : { auth }),
    connectionTimeout: 30_000,
    greetingTimeout: 30_000,
    socketTimeout: 60_000,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    await transport.sendMail({ envelope: { from, to: [to] }, raw: message });
  } catch (error) {
    throw failureOf(error, smtp);
  } finally {
    transport.close();
  }
}
