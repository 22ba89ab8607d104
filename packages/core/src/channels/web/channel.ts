import { isConversationId } from '../../conversations/keys.ts'
import type { ChannelDefinition } from '../channel.ts'

/** A page's chat. Nothing is sent: the page reads the ledger, and an address is the conversation's own id. */
export const web: ChannelDefinition = {
  name: 'web',
  mostCharacters: 8_000,
  owns: isConversationId,
}
