import { replyAddress } from '../conversations/reply-address.ts'
import { CHAT_VARIABLES, type ChatVariable, ownNames } from '../routing/reserved-variables.ts'
import type { TurnContext } from './context.ts'

/**
 * The dynamic variables with which a chat begins: what Chatlane knows of the conversation, under the route's names; over these
 * what the business set; and what the business said to the person before there was a chat.
 */
export function variablesOf(context: TurnContext): Record<string, string> {
  const { conversation, settings } = context
  const { chatVariables: names = ownNames } = settings
  const { dynamicVariables, openingMessage } = conversation
  const known = knownOf(context)
  const told: Record<string, string> = {}
  for (const variable of CHAT_VARIABLES) {
    const name = names[variable]
    const value = known[variable]
    if (name !== undefined && value !== undefined) told[name] = value
  }
  return { ...told, ...dynamicVariables, ...(openingMessage !== undefined && { opening_message: openingMessage }) }
}

function knownOf({ conversation, via, profile }: TurnContext): { [variable in ChatVariable]?: string | undefined } {
  const { channel, to, from } = via ?? replyAddress(conversation)
  if (channel === 'web') return { channel }
  return { ...profile, channel, user_number: bare(to), ...(from !== undefined && { agent_number: bare(from) }) }
}

/** An address without the mark of its channel, which is a variable of its own. */
function bare(address: string): string {
  return address.replace(/^[a-z]+:/, '')
}
