import { setTimeout as passed } from 'node:timers/promises'
import type { HistoryEntry, SandboxClient } from '@chatlane/sandbox'
import type { Evidence, Person } from '../evidence.ts'
import type { ApiClient } from '../load/doors.ts'
import { allDeadLetters, isOnItsWay, type Listed, ledgerOf } from './settle.ts'

const historyPage = 20_000
const atOnce = 16
const lookEveryMs = 1_000

/** Messages on their way to a phone are waited for so long. */
const deliveriesMs = 150_000

/** Puts together what everybody says of the run. */
export async function collect(
  people: readonly Person[],
  listed: readonly Listed[],
  { api, sandbox, graceMs }: { api: ApiClient; sandbox: SandboxClient; graceMs: number },
): Promise<Evidence> {
  const byId = new Map(listed.map((conversation) => [conversation.conversation_id, conversation]))
  const byParticipant = new Map(listed.map((conversation) => [conversation.participant, conversation]))
  const waiting = [...people]
  const deadline = Date.now() + deliveriesMs
  const complete = async () => {
    for (let person = waiting.pop(); person; person = waiting.pop()) {
      const found =
        person.address === undefined ? byId.get(person.conversationId ?? '') : byParticipant.get(person.address)
      if (found) {
        person.conversationId = found.conversation_id
        person.pending = found.pending
        person.status = found.status
        if (found.chat_id !== null) person.chatId = found.chat_id
      }
      if (person.conversationId === undefined) continue
      for (;;) {
        person.ledgerAt = Date.now()
        person.ledger = await ledgerOf(api, person.conversationId)
        const done = person.channel !== 'sms' || !person.ledger.some(isOnItsWay)
        if (done || Date.now() >= deadline) break
        await passed(lookEveryMs)
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, complete))
  return {
    people: [...people],
    chats: await sandbox.chats(),
    history: await wholeHistory(sandbox),
    deadLetters: await allDeadLetters(api),
    graceMs,
  }
}

async function wholeHistory(sandbox: SandboxClient): Promise<HistoryEntry[]> {
  const all: HistoryEntry[] = []
  for (;;) {
    const page = await sandbox.history({ after: all.at(-1)?.seq ?? 0, limit: historyPage })
    if (page.length === 0) return all
    for (const entry of page) all.push(entry)
  }
}
