import { createHmac, timingSafeEqual } from 'node:crypto';
import { signatureInvalid, WINDOW, type Provider } from './provider.ts';

/**
 * Stripe's own scheme: `stripe-signature: t=<seconds>,v1=<hex>`, an HMAC with SHA-256 of `<t>.<body>`; several `v1` while a
 * secret is being changed, and other versions, which do not count (docs.stripe.com/webhooks, "Verify webhook signatures manually").
 */
export const stripe: Provider = {
  verify({ headers, body, secrets, now }) {
    const parts = (headers.get('stripe-signature') ?? '').split(',').map((part) => part.trim().split('=', 2));
    const time = parts.find(([name]) => name === 't')?.[1] ?? '';
    const given = parts.filter(([name]) => name === 'v1').map(([, value = '']) => Buffer.from(value, 'hex'));
    if (!/^\d{1,12}$/.test(time) || given.length === 0)
      throw signatureInvalid('there is no header stripe-signature: t=…,v1=…');
    const isRight = secrets.some((secret) => {
      const expected = createHmac('sha256', secret).update(`${time}.${body}`).digest();
      return given.some((each) => each.length === expected.length && timingSafeEqual(each, expected));
    });
    if (!isRight) throw signatureInvalid('none of the signatures fits the body');
    if (Math.abs(now / 1_000 - Number(time)) > WINDOW) throw signatureInvalid('it is not of the last five minutes');
  },
  identify: (payload) => ({ id: payload['id'], type: payload['type'] }),
};
