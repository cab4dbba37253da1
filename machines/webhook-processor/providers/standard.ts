import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { signatureInvalid, type Provider } from './provider.ts';

/** Standard Webhooks (standardwebhooks.com): headers `webhook-id`, `webhook-timestamp`, `webhook-signature`; secrets `whsec_…`. */
export const standard: Provider = {
  verify({ headers, body, secrets }) {
    const signed = Object.fromEntries(
      ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => [name, headers.get(name) ?? '']),
    );
    let why = 'no secret is set';
    for (const secret of secrets) {
      try {
        new Webhook(secret).verify(body, signed, { jsonParse: false });
        return;
      } catch (error) {
        if (!(error instanceof WebhookVerificationError)) throw error;
        why = error.message.toLowerCase();
      }
    }
    throw signatureInvalid(why);
  },
  identify: (payload, headers) => ({ id: headers.get('webhook-id'), type: payload['type'] }),
};
