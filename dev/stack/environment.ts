import { sandboxCredentials } from '@chatlane/sandbox'

export interface StackAddresses {
  redisUrl: string
  sandboxUrl: string
  apiUrl: string
  /** The api's inner listener. */
  adminUrl: string
}

/** Opens the api of a stack; nobody else can reach it. */
export const devApiKey = 'dev-key'

/** What a process needs of the machine's environment; the rest could hold settings that are meant for something else. */
const passedOn = ['PATH', 'HOME', 'TMPDIR', 'TMP', 'TEMP', 'LANG', 'TZ', 'NODE_EXTRA_CA_CERTS']

/** The environment that makes sandbox, api and workers find each other. */
export function stackEnvironment({ redisUrl, sandboxUrl, apiUrl, adminUrl }: StackAddresses): Record<string, string> {
  const environment: Record<string, string> = {
    REDIS_URL: redisUrl,
    SANDBOX_PORT: new URL(sandboxUrl).port,
    SANDBOX_API_URL: apiUrl,
    UPONAI_BASE_URL: `${sandboxUrl}/uponai`,
    UPONAI_API_KEY: sandboxCredentials.uponaiApiKey,
    UPONAI_WORKSPACE_ID: String(sandboxCredentials.uponaiWorkspaceId),
    TWILIO_BASE_URL: `${sandboxUrl}/twilio`,
    TWILIO_ACCOUNT_SID: sandboxCredentials.twilioAccountSid,
    TWILIO_AUTH_TOKEN: sandboxCredentials.twilioAuthToken,
    PUBLIC_URL: apiUrl,
    API_HOST: '127.0.0.1',
    API_PORT: new URL(apiUrl).port,
    ADMIN_PORT: new URL(adminUrl).port,
    API_KEYS: devApiKey,
    SESSION_SECRET: 'known to everybody: for this machine only',
  }
  for (const name of passedOn) {
    const value = process.env[name]
    if (value !== undefined) environment[name] = value
  }
  return environment
}
