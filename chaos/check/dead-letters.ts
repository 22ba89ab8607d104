import type { DeadLetterEvidence } from '../evidence.ts'
import type { Case } from './findings.ts'
import type { PersonView } from './views.ts'

/** What was given up, with its reason: visible and to be replayed, so no fault. */
export function deadLetterCases(letters: readonly DeadLetterEvidence[], people: readonly PersonView[]): Case[] {
  const names = new Map(people.map(({ person }) => [person.conversationId, person.name]))
  return letters.map(({ conversationId, kind, text, reason }) => ({
    person: names.get(conversationId) ?? `unknown (conversation ${conversationId})`,
    ...(text !== undefined && { text }),
    expected: `${kind} done`,
    seen: `given up: ${reason}`,
    chatIds: [],
  }))
}
