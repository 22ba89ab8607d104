import type { CliConfig } from './config.ts'

/** Every secret of a configuration, also in the forms in which it goes over the wire: what a log must not contain. */
export function secretsOf(config: CliConfig): string[] {
  const { twilio, uponai, webhooks } = config
  const redisPassword = URL.parse(config.redis.url)?.password
  const plain = [config.sessionSecret, ...config.apiKeys]
  if (uponai) plain.push(uponai.apiKey, uponai.webhookKey)
  if (webhooks) plain.push(webhooks.url, webhooks.secret)
  if (webhooks?.secretNext) plain.push(webhooks.secretNext)
  if (redisPassword) plain.push(redisPassword, decodeURIComponent(redisPassword))
  if (config.redis.sentinelPassword) plain.push(config.redis.sentinelPassword)
  if (twilio) {
    if (twilio.authToken) plain.push(twilio.authToken, basicAuth(twilio.accountSid, twilio.authToken))
    if (twilio.authTokenNext) plain.push(twilio.authTokenNext)
    if (twilio.apiKeySid && twilio.apiKeySecret)
      plain.push(twilio.apiKeySecret, basicAuth(twilio.apiKeySid, twilio.apiKeySecret))
  }
  return [...new Set(plain.flatMap((secret) => [secret, encodeURIComponent(secret)]))]
}

const basicAuth = (user: string, password: string) => Buffer.from(`${user}:${password}`).toString('base64')
