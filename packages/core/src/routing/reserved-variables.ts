/** What Chatlane tells an agent of a conversation by itself, for routes that do not say otherwise: `chat_variables`. */
const CHAT_VARIABLES = [
  'user_number',
  'agent_number',
  'channel',
  'profile_name',
  'city',
  'state',
  'zip',
  'country',
] as const

const RESERVED: ReadonlySet<string> = new Set([...CHAT_VARIABLES, 'opening_message', 'conversation_id'])

/** True for the name of a variable that Chatlane or UponAI sets: an agent takes its value for the truth. */
export function isReservedVariable(name: string): boolean {
  return RESERVED.has(name) || OF_CHATLANE.test(name)
}

const OF_CHATLANE = /^chatlane_/i
