import { type CliConfig, exitOnConfigError, type RoutesHolder, watchRoutes } from '@chatlane/core'
import { Failure } from '../failure.ts'
import type { Burst } from '../load/plan/bursts.ts'
import { expectedMessages, rateOfConversations, rateOfPeople } from '../load/plan/plan.ts'
import type { ThinkTime } from '../load/plan/think-time.ts'
import type { LoadSettings, Range, SmsSettings } from '../load/settings.ts'

export interface LoadOptions {
  url?: string[]
  seconds?: number
  minutes?: number
  rate?: number
  conversations?: number
  people?: number
  messages: Range
  /** Times in ms. */
  think: ThinkTime
  burst?: Burst
  smsShare: number
  yesSendSms?: true
  number?: string[]
  agent?: string
  publicKey?: string
  textLength: Range
  seed?: number
  expect?: 'echo'
  timeout: number
}

/** All of them are kept until the end: one machine can. */
const MOST_PLANNED = 500_000

const DEFAULTS = { seconds: 60, rate: 5 }

/**
 * What is asked for on the command line, with what the environment and the routes file say.
 * @param seed where none is asked for
 * @throws Failure for what is missing or does not go together
 */
export function settingsOf(options: LoadOptions, config: CliConfig, seed: number): LoadSettings {
  const [apiKey] = config.apiKeys
  if (apiKey === undefined)
    throw new Failure(
      'API_KEYS: expected the keys of the api, but it is not set; see docs/configuration.md#api_keys',
      78,
    )
  const { messages, think, burst, smsShare, textLength, timeout } = options
  const seconds = options.seconds ?? (options.minutes === undefined ? DEFAULTS.seconds : options.minutes * 60)
  demandUsed(options)
  const web = smsShare < 100 ? webOf(options, config) : undefined
  const sms = smsShare > 0 ? smsOf(options, config) : undefined
  const settings: LoadSettings = {
    urls: options.url ?? [`http://127.0.0.1:${config.api.port}`],
    apiKey,
    durationMs: seconds * 1_000,
    rate: rateOf(options),
    messages,
    think,
    ...(burst && { burst }),
    smsShare,
    ...(web && { web }),
    ...(sms && { sms }),
    textLength,
    seed: options.seed ?? seed,
    expectEcho: options.expect === 'echo',
    timeoutMs: timeout,
  }
  const planned = Math.round(expectedMessages(settings))
  if (planned > MOST_PLANNED)
    throw new Failure(
      `expected at most ${MOST_PLANNED} messages in a run, these are about ${planned}: a lower rate or a shorter time`,
      64,
    )
  return settings
}

/** @throws Failure for what is given for a channel on which nobody writes */
function demandUsed({ smsShare, number, yesSendSms, agent, publicKey }: LoadOptions): void {
  if (smsShare === 0 && (number !== undefined || yesSendSms))
    throw new Failure('--number, --yes-send-sms: nobody writes by SMS without --sms-share', 64)
  if (smsShare === 100 && (agent !== undefined || publicKey !== undefined))
    throw new Failure('--agent, --public-key: nobody writes on the web with --sms-share 100', 64)
}

function rateOf({ rate, conversations, people, messages, think }: LoadOptions): number {
  if (conversations !== undefined) return rateOfConversations(conversations, messages)
  if (people !== undefined) return rateOfPeople(people, think)
  return rate ?? DEFAULTS.rate
}

function webOf({ agent, publicKey }: LoadOptions, config: CliConfig): LoadSettings['web'] {
  if (agent !== undefined) return { agent_id: agent }
  if (publicKey !== undefined) return { public_key: publicKey }
  const [route] = routesOf(config)?.current.web ?? []
  if (route) return { public_key: route.publicKey }
  throw new Failure('expected --agent or --public-key: there is no routes file here with a web route', 64)
}

function smsOf({ yesSendSms, number }: LoadOptions, config: CliConfig): SmsSettings {
  if (!yesSendSms)
    throw new Failure(
      '--sms-share: the deployment answers through its Twilio account: add --yes-send-sms if it may',
      64,
    )
  const { twilio, publicUrl } = config
  const [missing] = Object.entries({
    TWILIO_ACCOUNT_SID: twilio?.accountSid,
    TWILIO_AUTH_TOKEN: twilio?.authToken,
    PUBLIC_URL: publicUrl,
  }).flatMap(([name, value]) => (value === undefined ? [name] : []))
  if (missing !== undefined || !twilio?.authToken || publicUrl === undefined)
    throw new Failure(
      `${missing}: expected that of the api, to sign SMS as Twilio does, but it is not set; see docs/configuration.md`,
      78,
    )
  const numbers =
    number ?? routesOf(config)?.current.sms.flatMap(({ sender }) => (sender?.startsWith('+') ? sender : []))
  if (numbers === undefined || numbers.length === 0)
    throw new Failure('expected --number: there is no routes file here with an SMS sender', 64)
  return { numbers, accountSid: twilio.accountSid, authToken: twilio.authToken, publicUrl }
}

function routesOf({ routesFile }: CliConfig): RoutesHolder | undefined {
  return routesFile === undefined ? undefined : exitOnConfigError(() => watchRoutes(routesFile))
}
