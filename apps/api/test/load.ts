import { setTimeout as passed } from 'node:timers/promises'
import { z } from 'zod'
import { call, newConversation } from './calls.ts'

const accepted = z.object({ message_id: z.string() })

/** People who write into their conversations one message after the other, each again until it is accepted. */
export interface Load {
  /** What was acknowledged: per conversation the texts and ids in their order. */
  acknowledged: Map<string, { text: string; id: string }[]>
  /** How many answers of each status there were. */
  statuses: Map<number, number>
  /** Resolves when so many more messages are acknowledged. */
  more(count: number): Promise<void>
  /** Lets everybody finish the message in hand. */
  stop(): Promise<void>
}

/** @param urls of the apis; everybody goes to the next one with each try */
export async function startLoad(urls: readonly string[], people: number): Promise<Load> {
  const acknowledged: Load['acknowledged'] = new Map()
  const statuses: Load['statuses'] = new Map()
  let total = 0
  let stopped = false
  let turn = 0
  const url = () => urls[turn++ % urls.length] ?? ''

  async function write(conversation: string): Promise<void> {
    const mine: { text: string; id: string }[] = []
    acknowledged.set(conversation, mine)
    for (let n = 0; !stopped; n++) {
      const text = `message ${n}`
      const body = { text, client_message_id: String(n) }
      for (;;) {
        const answer = await call(url(), `/v1/conversations/${conversation}/messages`, { body }).catch(() => undefined)
        const status = answer?.status ?? 0
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        if (status === 202) {
          mine.push({ text, id: accepted.parse(answer?.body).message_id })
          total++
          break
        }
        if (stopped) return
        await passed(20)
      }
    }
  }
  const conversations = await Promise.all(Array.from({ length: people }, () => newConversation(url())))
  const writing = conversations.map(({ id }) => write(id))
  return {
    acknowledged,
    statuses,
    more: async (count) => {
      const enough = total + count
      while (total < enough) await passed(10)
    },
    stop: async () => {
      stopped = true
      await Promise.all(writing)
    },
  }
}
