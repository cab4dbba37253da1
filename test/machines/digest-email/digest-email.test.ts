import { simpleParser } from 'mailparser';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parseConfig, useConfig, type Smtp } from '../../../machines/digest-email/config.ts';
import { digestEmail, triggerDigestEmail } from '../../../machines/digest-email/index.ts';
import { HOUR, ManualClock } from '../../support/manual-clock.ts';
import { eventually, stepWhere } from '../../support/engine.ts';
import { usePipeline } from '../support/pipeline.ts';
import { startMailServer } from './mail-server.ts';

const pipeline = usePipeline();
const workflows = [digestEmail] as const;
const DAY = '2026-11-26';
const FROM = 'digest@pins.example';

const use = (smtp: Smtp | undefined): void => useConfig({ smtp, from: FROM });
afterEach(() => useConfig(undefined));

async function recipient(userId: string, email: string, name: string | null = 'Ada'): Promise<void> {
  await pipeline.sql`insert into digest_email.recipients (user_id, email, name) values (${userId}, ${email}, ${name})`;
}

async function pin(userId: string, pinId: string, title: string, url: string | null, saves: number): Promise<void> {
  await pipeline.sql`insert into winner_refresh.pins (user_id, pin_id, title, url) values (${userId}, ${pinId}, ${title}, ${url})`;
  await pipeline.sql`
    insert into winner_refresh.pin_metrics (user_id, pin_id, day, impressions, saves, clicks)
    values (${userId}, ${pinId}, ${DAY}, 1200, ${saves}, 3), (${userId}, ${pinId}, '2026-11-25', 1000, ${saves}, 4)`;
}

/** A user with one pin. */
async function user(userId: string): Promise<void> {
  await recipient(userId, `${userId}@example.com`);
  await pin(userId, 'p', 'A quote', 'https://pins.example/p', 40);
}

async function run(userId: string, date = DAY) {
  const engine = await pipeline.worker(workflows);
  return (await triggerDigestEmail(engine, { userId, date })).result({ timeout: 10_000 });
}

describe('the mail', () => {
  const TITLE = '<img src=x onerror=alert(1)> & "words"\r\nBcc: eve@example.com';
  beforeAll(async () => {
    await recipient('mail', 'ada@example.com', 'Ada "Löve"\r\nBcc: eve@example.com');
    await pin('mail', 'a', 'Not all those who wander are lost', 'https://pins.example/?a=1&b="2"', 40);
    await pin('mail', 'b', TITLE, 'javascript:alert(1)', 90);
    await pipeline.sql`insert into winner_refresh.winners (user_id, pin_id, rank, score, since) values ('mail', 'a', 1, 0.5, ${`${DAY}T10:00:00Z`})`;
  });

  test('arrives by SMTP, tells the day in HTML and text, and nothing in it becomes a header, a tag or a link', async () => {
    const { smtp, received } = await startMailServer({ user: 'ada', pass: 's3cret/pass' });
    use(smtp);
    const { messageId, sent } = await run('mail');
    expect(sent).toBe(true);
    expect(received).toHaveLength(1);
    const { from, to, mail, raw } = received[0] ?? expect.fail();
    expect({ from, to }).toEqual({ from: FROM, to: ['ada@example.com'] });
    expect(mail.messageId).toBe(messageId);
    expect(mail.to).toMatchObject({ value: [{ address: 'ada@example.com', name: 'Ada "Löve" Bcc: eve@example.com' }] });
    expect([mail.bcc, mail.cc]).toEqual([undefined, undefined]);
    expect(raw.slice(0, raw.indexOf('\r\n\r\n'))).not.toMatch(/^bcc:/im);
    expect(mail.subject).toBe('Your pins on November 26: 2,400 views, 130 saves');
    expect(mail.headers.get('auto-submitted')).toBe('auto-generated');
    expect(mail.headers.get('list')).toMatchObject({ unsubscribe: { mail: `${FROM}?subject=unsubscribe` } });
    const html = mail.html === false ? '' : mail.html;
    expect(html).toContain('Not all those who wander are lost');
    expect(html).toContain('href="https://pins.example/?a=1&amp;b=%222%22"');
    expect(html).toContain('&lt;img src=x onerror=alert(1)&gt; &amp; &quot;words&quot;');
    expect(html).not.toMatch(/<img|javascript:|https?:\/\/(?!pins\.example)/);
    expect(mail.text).toContain('Views          2,400  (+20%)');
    expect(mail.text).toContain('Saves            130  (as the day before)');
    expect(mail.text).toContain('Clicks             6  (−25%)');
    expect(mail.text).toContain('1. <img src=x onerror=alert(1)> & "words" Bcc: eve@example.com\n');
    expect(mail.text).toContain('No. 1: Not all those who wander are lost\n  https://pins.example/?a=1&b=%222%22\n');
  });

  test('without a mail server is a file in the outbox that mail programs open', async () => {
    use(undefined);
    await user('offline');
    const { messageId } = await run('offline');
    const [file] = await pipeline.artifacts.list('outbox/');
    const mail = await simpleParser(await pipeline.text(file?.key ?? ''));
    expect(mail.messageId).toBe(messageId);
    expect(mail.to).toMatchObject({ value: [{ address: 'offline@example.com', name: 'Ada' }] });
    expect(await pipeline.sql`select way from digest_email.sent where user_id = 'offline'`).toEqual([
      { way: 'outbox' },
    ]);
  });
});

describe('nothing is sent', () => {
  test.each([
    [
      'to who has unsubscribed',
      'unsubscribed',
      "update digest_email.recipients set unsubscribed_at = now() where user_id = 'gone'",
    ],
    ['when nothing happened', 'nothing to tell', "delete from winner_refresh.pin_metrics where user_id = 'gone'"],
  ])('%s', async (_, reason, change) => {
    const { smtp, received } = await startMailServer();
    use(smtp);
    await pipeline.sql`delete from digest_email.recipients where user_id = 'gone'`;
    await pipeline.sql`delete from winner_refresh.pins where user_id = 'gone'`;
    await pipeline.sql`delete from winner_refresh.pin_metrics where user_id = 'gone'`;
    await user('gone');
    await pipeline.sql.unsafe(change);
    expect(await run('gone')).toEqual({ sent: false, reason, messageId: null });
    expect(received).toEqual([]);
  });

  test('twice for a day, by another instance', async () => {
    const { smtp, received } = await startMailServer();
    use(smtp);
    await user('twice');
    expect(await run('twice')).toMatchObject({ sent: true });
    expect(await run('twice')).toEqual({ sent: false, reason: 'sent already', messageId: null });
    expect(received).toHaveLength(1);
  });

  test.each([
    ['nobody', 'NOT_FOUND'],
    ['list', 'INVALID_INPUT'],
  ])('to %s: %s', async (userId, code) => {
    use(undefined);
    if (userId === 'list') await recipient('list', 'a@example.com, eve@example.com');
    const engine = await pipeline.worker(workflows);
    const { result, id } = await triggerDigestEmail(engine, { userId, date: DAY });
    await expect(result({ timeout: 10_000 })).rejects.toMatchObject({ code: 'INSTANCE_FAILED' });
    expect(await engine.get(id)).toMatchObject({ errorCode: code, steps: [{ step: 'gather', attempt: 1 }] });
  });
});

describe('the mail server', () => {
  test('asks to come again: so it does, with the same bytes', async () => {
    const { smtp, received } = await startMailServer({
      answer: (_, count) => (count === 1 ? { code: 451, text: '4.7.1 Greylisted' } : undefined),
    });
    use(smtp);
    await user('grey');
    const clock = new ManualClock();
    const engine = await pipeline.worker(workflows, { clock });
    const { id, result } = await triggerDigestEmail(engine, { userId: 'grey', date: DAY });
    const waiting = await stepWhere(engine, id, ({ step, errorCode }) => step === 'send' && errorCode !== null);
    expect(waiting).toMatchObject({ errorCode: 'MAIL_DEFERRED', attempt: 1, status: 'retrying' });
    clock.advance(HOUR);
    expect(await result({ timeout: 10_000 })).toMatchObject({ sent: true });
    expect(received).toHaveLength(2);
    expect(received[1]?.raw).toBe(received[0]?.raw);
  });

  test('hangs up after it has taken the message: the second copy is the first one again', async () => {
    const { smtp, received } = await startMailServer({ answer: (_, count) => (count === 1 ? 'hang up' : undefined) });
    use(smtp);
    await user('lost');
    const clock = new ManualClock();
    const engine = await pipeline.worker(workflows, { clock });
    const { id, result } = await triggerDigestEmail(engine, { userId: 'lost', date: DAY });
    const waiting = await stepWhere(engine, id, ({ step, errorCode }) => step === 'send' && errorCode !== null);
    expect(waiting.errorCode).toBe('NETWORK_ERROR');
    clock.advance(HOUR);
    const { messageId } = await result({ timeout: 10_000 });
    expect(received.map(({ mail }) => mail.messageId)).toEqual([messageId, messageId]);
    expect(received[1]?.raw).toBe(received[0]?.raw);
  });

  test.each([
    [
      'refuses the recipient',
      { answer: () => ({ code: 550, text: '5.1.1 No such user' }) },
      undefined,
      'MAIL_REFUSED',
      /No such user/,
    ],
    [
      'does not know the user',
      { user: 'ada', pass: 'right' },
      { user: 'ada', pass: 'wr0ng/pass' },
      'SMTP_AUTH_FAILED',
      /SMTP_URL/,
    ],
    ['has no TLS, and one is asked for', {}, 'tls', 'SMTP_TLS_FAILED', /TLS/],
  ] as const)('%s: it is not tried again, and no secret is told', async (_, options, change, code, words) => {
    const { smtp } = await startMailServer(options);
    use(change === 'tls' ? { ...smtp, requireTLS: true } : change === undefined ? smtp : { ...smtp, auth: change });
    await user(code);
    const engine = await pipeline.worker(workflows);
    const { result, id } = await triggerDigestEmail(engine, { userId: code, date: DAY });
    await expect(result({ timeout: 10_000 })).rejects.toMatchObject({ code: 'INSTANCE_FAILED' });
    const [failed] = (await engine.steps(id)).filter(({ status }) => status === 'failed');
    expect(failed).toMatchObject({ step: 'send', attempt: 1, error: { code, class: 'final' } });
    expect(failed?.error?.message).toMatch(words);
    const stored = await pipeline.sql`
      select coalesce(string_agg(s::text, ''), '') || (select coalesce(string_agg(t::text, ''), '') from durachart.transitions t where t.instance_id = ${id}) as all
      from durachart.steps s where s.instance_id = ${id}`;
    expect(JSON.stringify(stored)).not.toContain('wr0ng');
  });

  test('is away: that is tried again', async () => {
    use({ host: '127.0.0.1', port: 1, secure: false, requireTLS: false, auth: undefined });
    await user('away');
    const engine = await pipeline.worker(workflows);
    const { id, cancel } = await triggerDigestEmail(engine, { userId: 'away', date: DAY });
    const waiting = await stepWhere(engine, id, ({ step, errorCode }) => step === 'send' && errorCode !== null);
    expect(waiting).toMatchObject({ errorCode: 'NETWORK_ERROR', status: 'retrying' });
    await cancel({ wait: 10_000 });
  });
});

test('a worker that ends when the mail is out: another one sends it again, as the same mail, and notes it once', async () => {
  await user('crash');
  const { smtp, received } = await startMailServer({ answer: (_, count) => (count === 1 ? 'say nothing' : undefined) });
  use(smtp);
  const first = await pipeline.worker(workflows);
  const { id } = await triggerDigestEmail(first, { userId: 'crash', date: DAY });
  await eventually(() => received.length === 1);
  await first.stop({ grace: 0 });
  const clock = new ManualClock();
  clock.advance(HOUR);
  const second = await pipeline.worker(workflows, { clock });
  const { messageId } = await second.result<{ messageId: string }>(id, { timeout: 10_000 });
  expect(received.map(({ mail }) => mail.messageId)).toEqual([messageId, messageId]);
  expect(received[1]?.raw).toBe(received[0]?.raw);
  const rows = await pipeline.sql`select message_id from digest_email.sent where user_id = 'crash'`;
  expect(rows).toEqual([{ message_id: messageId }]);
});

describe('the settings', () => {
  test.each([
    ['smtp://mail.example.com', { port: 587, secure: false, requireTLS: false, auth: undefined }],
    [
      'smtps://u:p%2Fw@mail.example.com',
      { port: 465, secure: true, requireTLS: false, auth: { user: 'u', pass: 'p/w' } },
    ],
    ['smtp://u:p@mail.example.com:25', { port: 25, secure: false, requireTLS: true, auth: { user: 'u', pass: 'p' } }],
    ['smtp://u:p@127.0.0.1:25', { port: 25, requireTLS: false }],
  ])('%s', (SMTP_URL, smtp) => {
    expect(parseConfig({ SMTP_URL, MAIL_FROM: FROM })).toMatchObject({ from: FROM, smtp });
  });
  test.each([
    [{ SMTP_URL: 'smtp://u:s3cret@h' }, /MAIL_FROM/],
    [{ SMTP_URL: 'http://u:s3cret@h', MAIL_FROM: FROM }, /SMTP_URL must/],
    [{ SMTP_URL: 's3cret', MAIL_FROM: FROM }, /SMTP_URL must/],
    [{ MAIL_FROM: 'a@b.example\r\nBcc: s3cret@x.example' }, /MAIL_FROM must/],
  ])('that are wrong are named, without their value: %j', (env, words) => {
    expect(() => parseConfig(env)).toThrow(words);
    expect(() => parseConfig(env)).not.toThrow(/s3cret/);
  });
});
