import type { Answer } from '../api.ts'

/** A person's way into the deployment. */
export interface Door {
  /** Known once it is open (web), or once it was found (SMS). */
  conversationId: string | undefined
  /** Made ready before the first message; may be tried again. */
  open(): Promise<Answer>
  /** Sends a text; with the same key it is a repeat of the same message. */
  send(text: string, key: string): Promise<Answer & { messageId?: string }>
}
