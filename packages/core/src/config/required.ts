import type { CliConfig, TwilioAccess } from './config.ts'
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
