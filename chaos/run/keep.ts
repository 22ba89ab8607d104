import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Findings } from '../check/findings.ts'
import { faultKinds } from '../check/findings.ts'
import type { Evidence } from '../evidence.ts'

/**
 * Writes what is known of the people (and chats) that something was found about.
 * @returns the file's path
 */
export function keepEvidence(
  folder: string,
  { people, chats, history, deadLetters, graceMs }: Evidence,
  findings: Findings,
) {
  const cases = faultKinds.flatMap((kind) => findings[kind])
  const names = new Set(cases.map(({ person }) => person))
  const concerned = people.filter(({ name }) => names.has(name))
  const conversations = new Set(concerned.map(({ conversationId }) => conversationId ?? ''))
  const addresses = new Set(concerned.map(({ address }) => address ?? ''))
  const named = new Set(cases.flatMap(({ chatIds }) => chatIds))
  const theirs = chats.filter(
    ({ chat_id, metadata }) => named.has(chat_id) || conversations.has(String(metadata?.conversation_id)),
  )
  const chatIds = new Set(theirs.map(({ chat_id }) => chat_id))
  const part: Evidence = {
    people: concerned,
    chats: theirs,
    history: history.filter((entry) => {
      if (entry.kind === 'uponai') {
        return chatIds.has(entry.chat_id ?? '') || conversations.has(String(entry.metadata?.conversation_id))
      }
      if (entry.kind === 'webhook') return chatIds.has(entry.chat_id)
      return addresses.has(entry.to ?? '') || (entry.kind === 'inbound_sms' && addresses.has(entry.from))
    }),
    deadLetters: deadLetters.filter(({ conversationId }) => conversations.has(conversationId)),
    graceMs,
  }
  const file = join(folder, 'evidence.json')
  writeFileSync(file, JSON.stringify({ cases, ...part }, undefined, 1))
  return file
}
