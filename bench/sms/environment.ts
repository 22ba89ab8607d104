import { accountSid, authToken } from './phase.ts'

/** What both sides' processes have in their environment, as in production. */
export function environment(redisUrl: string, providersUrl: string, port: number): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    NODE_ENV: 'production',
    REDIS_URL: redisUrl,
    PROVIDERS_URL: providersUrl,
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    API_PORT: String(port),
    TWILIO_ACCOUNT_SID: accountSid,
    TWILIO_AUTH_TOKEN: authToken,
  }
}
