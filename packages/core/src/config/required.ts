import type { CliConfig, TwilioAccess, UponaiConfig } from './config.ts'
import { ConfigError } from './error.ts'

/**
 * The Twilio account, for a command that cannot do without.
 *
 * @throws {ConfigError} naming what is not set
 */
export function requireTwilio({ twilio }: CliConfig): TwilioAccess {
  if (twilio) return twilio
  const why = 'because this command asks Twilio, but it is not set'
  throw new ConfigError([
    { variable: 'TWILIO_ACCOUNT_SID', message: `expected, ${why}` },
    { variable: 'TWILIO_AUTH_TOKEN', message: `expected, or TWILIO_API_KEY_SID and TWILIO_API_KEY_SECRET, ${why}` },
  ])
}

/**
 * The access to UponAI, for a command that cannot do without.
 *
 * @throws {ConfigError} naming what is not set
 */
export function requireUponai({ uponai }: CliConfig): UponaiConfig {
  if (!uponai) {
    const message = 'expected, because this command asks UponAI, but it is not set'
    throw new ConfigError([{ variable: 'UPONAI_API_KEY', message }])
  }
  if (uponai.dialect === 'rest' && uponai.workspaceId === undefined) {
    const message = 'expected an integer, required for UPONAI_DIALECT=rest, but it is not set'
    throw new ConfigError([{ variable: 'UPONAI_WORKSPACE_ID', message }])
  }
  return uponai
}
