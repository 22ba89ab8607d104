import { Webhook as Signer } from 'standardwebhooks'
import type { WebhookConfig } from '../config/config.ts'

/**
 * Signs webhooks after the Standard Webhooks specification. While the secret is being changed there are two signatures, so
 * that a receiver accepts them before and after it changes its own.
 */
export class WebhookSigner {
  readonly #signers: Signer[]

  constructor({ secret, secretNext }: Pick<WebhookConfig, 'secret' | 'secretNext'>) {
    this.#signers = [secret, secretNext].filter((one) => one !== undefined).map((one) => new Signer(one))
  }

  /** @param at when it is sent: a receiver refuses what was signed more than 5 minutes ago */
  headers(id: string, body: string, at = new Date()): Record<string, string> {
    return {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
      'webhook-signature': this.#signers.map((signer) => signer.sign(id, at, body)).join(' '),
    }
  }
}
