/** What Chatlane tells an agent of a conversation by itself, for routes that do not say otherwise: `chat_variables`. */
export const CHAT_VARIABLES = [
  'user_number',
  'agent_number',
  'channel',
  'profile_name',
  'city',
  'state',
  'zip',
  'country',
] as const
export type ChatVariable = (typeof CHAT_VARIABLES)[number]

/** Under which names an agent is told; one without a name is not told. */
export type ChatVariableNames = Readonly<Partial<Record<ChatVariable, string>>>

export const ownNames: ChatVariableNames = Object.fromEntries(CHAT_VARIABLES.map((variable) => [variable, variable]))

const OTHERS: ReadonlySet<string> = new Set(['opening_message', 'conversation_id'])
const RESERVED: ReadonlySet<string> = new Set([...CHAT_VARIABLES, ...OTHERS])

/** True for the name of a variable that Chatlane or UponAI sets: an agent takes its value for the truth. */
export function isReservedVariable(name: string): boolean {
  return RESERVED.has(name) || OF_CHATLANE.test(name)
}

/** True for a name that `chat_variables` may give: not that of something else which Chatlane sets. */
export function isFreeName(name: string): boolean {
  return isVariableName(name) && !OTHERS.has(name) && !OF_CHATLANE.test(name)
}

export function isVariableName(name: string): boolean {
  return /^[A-Za-z_]\w{0,63}$/.test(name)
}

const OF_CHATLANE = /^chatlane_/i
