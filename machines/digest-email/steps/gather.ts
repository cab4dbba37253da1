import { z } from 'zod';
import { defineStep, StepError, type Transaction } from '../../../src/index.ts';
import { digestSchema, type Digest } from '../digest.ts';
import { inputSchema, reasonSchema, type Job } from '../input.ts';

/** Pins that a digest names. */
const PINS = 5;

/** Reads from the tables what there is to tell, or why there is nothing to send. */
export const gather = defineStep({
  input: inputSchema,
  output: z.object({ digest: digestSchema.nullable(), reason: reasonSchema.nullable() }),
  timeout: 60_000,
  transactional: true,
  run: async ({ input, tx }) => {
    const [recipient] = await tx<{ email: string; name: string | null; unsubscribed: boolean; sent: boolean }>`
      select email, name, unsubscribed_at is not null as unsubscribed,
        exists (select from digest_email.sent s where s.user_id = r.user_id and s.day = ${input.date}::text::date) as sent
      from digest_email.recipients r where user_id = ${input.userId}`;
    if (recipient === undefined) {
      throw new StepError('NOT_FOUND', `There is no recipient ${input.userId}. Add a row to digest_email.recipients.`);
    }
    if (recipient.unsubscribed) return { digest: null, reason: 'unsubscribed' as const };
    if (recipient.sent) return { digest: null, reason: 'sent already' as const };
    // A list of addresses would make a recipient of others.
    if (!z.email().safeParse(recipient.email).success) {
      throw new StepError(
        'INVALID_INPUT',
        `The address of recipient ${input.userId} is not an e-mail address. Mend digest_email.recipients.`,
      );
    }
    const content = await contentOf(tx, input);
    if (content.day.impressions === 0 && content.winners.length === 0)
      return { digest: null, reason: 'nothing to tell' as const };
    return {
      digest: { to: { address: recipient.email, name: recipient.name }, date: input.date, ...content },
      reason: null,
    };
  },
});

async function contentOf(tx: Transaction, { userId, date }: Job): Promise<Omit<Digest, 'to' | 'date'>> {
  const sums = await tx<{ today: boolean; impressions: number; saves: number; clicks: number }>`
    select day = ${date}::text::date as today, sum(impressions)::float8 as impressions, sum(saves)::float8 as saves, sum(clicks)::float8 as clicks
    from winner_refresh.pin_metrics
    where user_id = ${userId} and day between ${date}::text::date - 1 and ${date}::text::date group by 1`;
  const pins = await tx<Digest['pins'][number]>`
    select coalesce(nullif(trim(p.title), ''), m.pin_id) as title, p.url,
      m.impressions::float8 as impressions, m.saves::float8 as saves, m.clicks::float8 as clicks
    from winner_refresh.pin_metrics m left join winner_refresh.pins p on p.user_id = m.user_id and p.pin_id = m.pin_id
    where m.user_id = ${userId} and m.day = ${date}::text::date and m.impressions > 0
    order by m.saves + m.clicks desc, m.impressions desc, m.pin_id limit ${PINS}`;
  const winners = await tx<Digest['winners'][number]>`
    select coalesce(nullif(trim(p.title), ''), w.pin_id) as title, p.url, w.rank
    from winner_refresh.winners w left join winner_refresh.pins p on p.user_id = w.user_id and p.pin_id = w.pin_id
    where w.user_id = ${userId} and (w.since at time zone 'utc')::date = ${date}::text::date order by w.rank`;
  const countsOf = (today: boolean): Digest['day'] => {
    const { impressions = 0, saves = 0, clicks = 0 } = sums.find((each) => each.today === today) ?? {};
    return { impressions, saves, clicks };
  };
  return {
    day: countsOf(true),
    before: countsOf(false),
    pins: pins.map((pin) => ({ ...pin, url: linkOf(pin.url) })),
    winners: winners.map((pin) => ({ ...pin, url: linkOf(pin.url) })),
  };
}

/** A link that may stand in a mail: of the web, nothing that a click would run. */
function linkOf(url: string | null): string | null {
  if (url === null || !URL.canParse(url)) return null;
  const { protocol, href } = new URL(url);
  return ['https:', 'http:'].includes(protocol) ? href : null;
}
