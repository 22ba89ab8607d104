import { z } from 'zod'

const longestSms = 1600

/** A text of one form; the same message whether it is missing, of another type or badly formed. */
const text = (expected: string, isRight: (value: string) => boolean) =>
  z.custom<string>((value) => typeof value === 'string' && isRight(value), { error: `expected ${expected}` })

const sender = text(
  'a Twilio sender in quotes, such as "+15005550006" or "whatsapp:+15005550006"',
  (value) => /^\+[1-9]\d{6,14}$/.test(value) || /^\d{3,8}$/.test(value) || /^[a-z]+:\S+$/.test(value),
)

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

const weightExpected = 'expected a number from 0 to 1000000'

const agent = z.strictObject(
  {
    agent_id: id('an agent id'),
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

const sms = z.strictObject(
  {
    sender: sender.optional(),
    messaging_service_sid: messagingServiceSid.optional(),
    inbound_agents: agents.optional(),
    outbound_agents: agents.optional(),
    auto_close_after_ms: milliseconds.optional(),
    auto_close_message: message.optional(),
    greeting: greeting.optional(),
    failure_message: message.optional(),
  },
  { error: mapping('a route with sender or messaging_service_sid, and inbound_agents') },
)

const web = z.strictObject(
  {
    public_key: id('a public key'),
    allowed_origins: z
      .array(origin, { error: 'expected a list of origins, such as ["https://www.example.com"]' })
      .min(1, { error: 'expected at least one origin' }),
    agent_id: id('an agent id'),
    auto_close_after_ms: milliseconds.optional(),
    auto_close_message: message.optional(),
    greeting: greeting.optional(),
    failure_message: message.optional(),
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

/** The keys that are known at a place in the file; list positions are left out of `path`. */
export function knownKeys(path: readonly string[]): string[] {
  if (path.length === 0) return Object.keys(routesFile.shape)
  if (path.length > 1) return Object.keys(agent.shape)
  return Object.keys(path[0] === 'sms' ? sms.shape : web.shape)
}

function mapping(what: string) {
  return ({ code }: { code?: string }) => (code === 'invalid_type' ? `expected ${what}` : undefined)
}
