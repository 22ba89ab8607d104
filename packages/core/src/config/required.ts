import type { CliConfig, TwilioConfig } from './config.ts'
import { ConfigError } from './error.ts'

/**
 * The Twilio account, for a command that cannot do without.
 *
 * @throws {ConfigError} naming what is not set
 */
export function requireTwilio({ twilio }: CliConfig): TwilioConfig {
  if (twilio) return twilio
  const message = 'expected, because this command asks Twilio, but it is not set'
  throw new ConfigError(['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN'].map((variable) => ({ variable, message })))
}
