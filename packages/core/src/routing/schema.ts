import { z } from 'zod'
import { isFreeName, isReservedVariable, isVariableName } from './reserved-variables.ts'
import { webLimits } from './web-limits.ts'

const longestSms = 1600

/** For coalesce_window_ms and COALESCE_WINDOW_MS. */
export const longestWindowMs = 600_000
const longestWaitMs = 3_600_000

/** A text of one form; the same message whether it is missing, of another type or badly formed. */
const text = (expected: string, isRight: (value: string) => boolean) =>
  z.custom<string>((value) => typeof value === 'string' && isRight(value), { error: `expected ${expected}` })

/** True for an address as Twilio writes it: `+1…`, a short code, `whatsapp:+1…`, `rcs:…`. */
export function isTwilioAddress(text: string): boolean {
  return /^\+[1-9]\d{6,14}$/.test(text) || /^\d{3,8}$/.test(text) || /^[a-z]+:\S+$/.test(text)
}

const sender = text('a Twilio sender in quotes, such as "+15005550006" or "whatsapp:+15005550006"', isTwilioAddress)

const messagingServiceSid = text('MG followed by 32 hexadecimal digits', (value) => /^MG[0-9a-fA-F]{32}$/.test(value))

const id = (what: string) => text(`${what}, a text without spaces`, (value) => /^\S+$/.test(value))

const message = text(`a text of 1 to ${longestSms} characters`, (value) => value !== '' && value.length <= longestSms)

const origin = text(
  'an origin such as "https://www.example.com", without a path or a slash at the end',
  (value) => /^https?:/.test(value) && URL.parse(value)?.origin === value,
)

const milliseconds = z.int({ error: 'expected a whole number of milliseconds, 0 = never' }).min(0, {
  error: 'expected a whole number of milliseconds, 0 = never',
})

const greeting = z.enum(['show', 'hide'], { error: 'expected show or hide' })

const waitOf = (most: number, meaning: string) => {
  const error = `expected a whole number of milliseconds from 0 to ${most}${meaning}`
  return z.int({ error }).min(0, { error }).max(most, { error })
}

const coalesce = {
  coalesce_window_ms: waitOf(longestWindowMs, ', 0 = each message by itself').optional(),
  coalesce_max_wait_ms: waitOf(longestWaitMs, '').optional(),
}

const media = z.strictObject(
  {
    policy: z.enum(['reply', 'describe', 'ignore'], { error: 'expected reply, describe or ignore' }).optional(),
    text: message.optional(),
    send_links: z.boolean({ error: 'expected true or false' }).optional(),
  },
  { error: mapping('a mapping with policy and, for reply, text') },
)

const optOut = z.strictObject(
  { confirm: z.boolean({ error: 'expected true or false' }).optional(), text: message.optional() },
  { error: mapping('a mapping with confirm and text') },
)

const ratePerSecond = 'expected a number of segments above 0, up to 1000'

const templateText = text(
  `a text in quotes, of 1 to ${longestSms} characters, with {{text}} as its only placeholder`,
  (value) => value !== '' && value.length <= longestSms && !value.replaceAll('{{text}}', '').includes('{{'),
)

const template = z.strictObject(
  {
    content_sid: text('HX followed by 32 hexadecimal digits', (value) => /^HX[0-9a-fA-F]{32}$/.test(value)),
    variables: z
      .record(
        text('the name of one of the template\'s variables, such as "1"', (name) => /^\w+$/.test(name)),
        templateText,
        {
          error: 'expected a mapping such as { "1": "{{text}}" }',
        },
      )
      .default({}),
  },
  { error: mapping('a template: content_sid and variables') },
)

/** A version of an agent, as Retell documents it for create-chat: https://docs.retellai.com/api-references/create-chat */
export const agentVersion = z.custom<number | string>(
  (value) => (typeof value === 'string' ? /^\S{1,20}$/.test(value) : Number.isSafeInteger(value) && Number(value) >= 0),
  {
    error:
      'expected the number of a version, latest, latest_published, or a tag of at most 20 characters without spaces',
  },
)

const weightExpected = 'expected a number from 0 to 1000000'

const agent = z.strictObject(
  {
    agent_id: id('an agent id'),
    agent_version: agentVersion.optional(),
    weight: z
      .number({ error: weightExpected })
      .min(0, { error: weightExpected })
      .max(1_000_000, { error: weightExpected })
      .default(1),
  },
  { error: mapping('an agent: agent_id and, if there are several, weight') },
)

const agents = z
  .array(agent, { error: 'expected a list of agents, such as [{ agent_id: chat_agent_a }]' })
  .min(1, { error: 'expected at least one agent' })
  .refine((list) => list.length === 0 || list.some(({ weight }) => weight > 0), {
    error: 'expected at least one agent with a weight above 0',
  })
  .refine((list) => new Set(list.map(({ agent_id }) => agent_id)).size === list.length, {
    error: 'expected every agent_id once',
  })

const variableName = z.custom<string | false>(
  (value) => value === false || (typeof value === 'string' && isFreeName(value)),
  {
    error:
      'expected false, or a name for it: letters, digits and _, at most 64, and none of another variable that Chatlane sets',
  },
)
const chatVariables = z.strictObject(
  {
    user_number: variableName.optional(),
    agent_number: variableName.optional(),
    channel: variableName.optional(),
    profile_name: variableName.optional(),
    city: variableName.optional(),
    state: variableName.optional(),
    zip: variableName.optional(),
    country: variableName.optional(),
  },
  { error: mapping('false, or a mapping such as { user_number: caller, city: false }') },
)
const chatVariablesOrNone = z.union([z.literal(false), chatVariables])

const sms = z.strictObject(
  {
    sender: sender.optional(),
    messaging_service_sid: messagingServiceSid.optional(),
    inbound_agents: agents.optional(),
    outbound_agents: agents.optional(),
    auto_close_after_ms: milliseconds.optional(),
    auto_close_message: message.optional(),
    ...coalesce,
    greeting: greeting.optional(),
    media: media.optional(),
    opt_out: optOut.optional(),
    chat_variables: chatVariablesOrNone.optional(),
    failure_message: message.optional(),
    max_per_second: z
      .number({ error: ratePerSecond })
      .gt(0, { error: ratePerSecond })
      .max(1000, { error: ratePerSecond })
      .optional(),
    template: template.optional(),
    text_format: z.enum(['channel', 'as_is'], { error: 'expected channel or as_is' }).optional(),
  },
  { error: mapping('a route with sender or messaging_service_sid, and inbound_agents') },
)

/** Variables that a route's pages may set. */
const browserVariable = text(
  'the name of a variable: letters, digits and _, at most 64, and none that Chatlane sets itself',
  (name) => isVariableName(name) && !isReservedVariable(name),
)

const web = z.strictObject(
  {
    public_key: id('a public key'),
    allowed_origins: z
      .array(origin, { error: 'expected a list of origins, such as ["https://www.example.com"]' })
      .min(1, { error: 'expected at least one origin' }),
    agent_id: id('an agent id'),
    agent_version: agentVersion.optional(),
    variables: z
      .array(browserVariable, { error: 'expected a list of names, such as [page, language]' })
      .max(50, { error: 'expected at most 50 names' })
      .optional(),
    auto_close_after_ms: milliseconds.optional(),
    auto_close_message: message.optional(),
    ...coalesce,
    greeting: greeting.optional(),
    chat_variables: chatVariablesOrNone.optional(),
    failure_message: message.optional(),
    limits: webLimits.optional(),
  },
  { error: mapping('a route with public_key, allowed_origins and agent_id') },
)

/** The routes file as it is written. */
export const routesFile = z.strictObject(
  {
    sms: z.array(sms, { error: 'expected a list of routes' }).nullish(),
    web: z.array(web, { error: 'expected a list of routes' }).nullish(),
  },
  { error: mapping('a mapping with sms and web') },
)

export type RoutesFile = z.infer<typeof routesFile>
export type SmsEntry = z.infer<typeof sms>
export type WebEntry = z.infer<typeof web>

/** A file's entries in their places; undefined where one is not right in itself. */
export interface Entries {
  sms: (SmsEntry | undefined)[]
  web: (WebEntry | undefined)[]
}

export function entriesOf(content: unknown): Entries {
  const lists = z.object({ sms: anyList, web: anyList }).safeParse(content).data ?? { sms: [], web: [] }
  return {
    sms: lists.sms.map((entry) => sms.safeParse(entry).data),
    web: lists.web.map((entry) => web.safeParse(entry).data),
  }
}

const anyList = z.array(z.unknown()).catch([])

/** The keys that are known at a place in the file; list positions are left out of `path`. */
export function knownKeys(path: readonly string[]): string[] {
  if (path.length === 0) return Object.keys(routesFile.shape)
  const inner = path[1]
  if (inner === 'media') return Object.keys(media.shape)
  if (inner === 'opt_out') return Object.keys(optOut.shape)
  if (inner === 'template') return Object.keys(template.shape)
  if (inner === 'limits') return Object.keys(webLimits.shape)
  if (inner === 'chat_variables') return Object.keys(chatVariables.shape)
  if (inner !== undefined) return Object.keys(agent.shape)
  return Object.keys(path[0] === 'sms' ? sms.shape : web.shape)
}

function mapping(what: string) {
  return ({ code }: { code?: string }) => (code === 'invalid_type' ? `expected ${what}` : undefined)
}
