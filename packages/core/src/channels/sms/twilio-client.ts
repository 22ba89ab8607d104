import twilio from 'twilio'
import type { TwilioConfig } from '../../config/config.ts'
import { retryAfterMs } from '../../uponai/retry-after.ts'
import { throttled } from './sms-error.ts'

/** Twilio's library waits 30 s unless told otherwise; a lane should not. */
const TIMEOUT_MS = 15_000

/** Exceptions of the library carry no headers, so what a 429 asks for is read here. */
class Requests extends twilio.RequestClient {
  override async request<T>(options: Parameters<typeof twilio.RequestClient.prototype.request<T>>[0]) {
    const response = await super.request<T>(options)
    if (response.statusCode === 429) throw throttled(retryAfterMs(response.headers ?? {}))
    return response
  }
}

/** Twilio's own library, set up for our account. Nothing is repeated by it. */
export function createTwilioClient(config: TwilioConfig): twilio.Twilio {
  const { accountSid, authToken, apiKeySid, apiKeySecret } = config
  const httpClient = new Requests({ timeout: TIMEOUT_MS, keepAlive: true, maxSockets: 50 })
  const client =
    apiKeySid !== undefined && apiKeySecret !== undefined
      ? twilio(apiKeySid, apiKeySecret, { accountSid, httpClient })
      : twilio(accountSid, authToken, { accountSid, httpClient })
  if (config.baseUrl !== undefined) client.api.baseUrl = config.baseUrl
  return client
}
