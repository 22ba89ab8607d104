import { createHmac } from 'node:crypto'

/**
 * The value of UponAI's signature header, `v=<unix ms>,d=<hex>`: HMAC-SHA256 with the webhook key over the raw body
 * followed by the decimal time (UponAI's page "Secure the webhook").
 */
export function signWebhook(key: string, rawBody: string, timestamp: number): string {
  return `v=${timestamp},d=${createHmac('sha256', key).update(rawBody).update(String(timestamp)).digest('hex')}`
}
