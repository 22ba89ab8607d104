import { z } from 'zod'
import type { Api } from '../api.ts'
import type { LoadSettings } from '../settings.ts'
import type { Door } from './door.ts'

const opened = z.object({ conversation_id: z.string() })
const accepted = z.object({ message_id: z.string() })

/** Someone on a web page whose server passes on what they write. */
export function webDoor(api: Api, web: LoadSettings['web']): Door {
  return {
    conversationId: undefined,
    async open() {
      const answer = await api.post('/v1/conversations', web ?? {})
      this.conversationId = opened.safeParse(answer.body).data?.conversation_id
      return answer
    },
    async send(text, key) {
      const path = `/v1/conversations/${this.conversationId}/messages`
      const answer = await api.post(path, { text, client_message_id: key })
      const messageId = accepted.safeParse(answer.body).data?.message_id
      return { ...answer, ...(messageId !== undefined && { messageId }) }
    },
  }
}
