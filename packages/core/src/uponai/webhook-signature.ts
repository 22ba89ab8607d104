import { createHmac, timingSafeEqual } from 'node:crypto'

export interface UponAISignatureInput {
  /** The body as it came in, before any parsing. */
  rawBody: Buffer
  /** The signature header's value; anything but exactly one value is refused. */
  header: string | readonly string[] | undefined
  /** The API key with the webhook badge. */
  key: string
  /** Milliseconds; now by default. */
  now?: number
  /** Largest difference between the signature's time and now, either way. Default 5 minutes. */
  toleranceMs?: number
}

/**
 * Whether UponAI signed this body: `v=<unix ms>,d=<hex>`, HMAC-SHA256 over the raw body followed by the timestamp.
 * @see https://documentation.uponai.com/Monitor/secure-webhook
 */
export function verifyUponAISignature(input: UponAISignatureInput): boolean {
  const { rawBody, key } = input
  // An HMAC with an empty key can be made by anyone.
  if (key === '') return false
  const given = readUponAISignature(input)
  if (!given) return false
  const expected = createHmac('sha256', key).update(rawBody).update(given.timestamp).digest()
  return timingSafeEqual(expected, Buffer.from(given.digest, 'hex'))
}

/**
 * What can be said of a signature header before the body is there.
 * @returns undefined for a header that has another form, or a time too far from now
 */
export function readUponAISignature({
  header,
  now = Date.now(),
  toleranceMs = 300_000,
}: Pick<UponAISignatureInput, 'header' | 'now' | 'toleranceMs'>): { timestamp: string; digest: string } | undefined {
  if (typeof header !== 'string') return undefined
  const [, timestamp, digest] = /^v=(\d{1,16}),d=([0-9a-fA-F]{64})$/.exec(header) ?? []
  if (timestamp === undefined || digest === undefined) return undefined
  return Math.abs(now - Number(timestamp)) <= toleranceMs ? { timestamp, digest } : undefined
}
