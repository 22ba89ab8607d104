import type { Evidence } from '../evidence.ts'
import { checkAnswers } from './answers.ts'
import { deadLetterCases } from './dead-letters.ts'
import { checkDeliveries } from './deliveries.ts'
import { checkEnded } from './ended.ts'
import { type Findings, faultKinds, listedKinds, noFindings, type SomeFindings } from './findings.ts'
import { notClosed } from './not-closed.ts'
import { orphanChats } from './orphans.ts'
import { checkOverlapping } from './overlapping.ts'
import { checkSaid } from './said.ts'
import { checkStatuses } from './statuses.ts'
import { unknownConversations } from './unknown-conversations.ts'
import { viewsOf } from './views.ts'

/**
 * Compares what senders were told with what the providers truly have and with what Chatlane says of itself. Texts are compared
 * as sequences: people write "ok" many times, and one lost message is one loss, not everything behind it at a wrong place.
 */
export function check(evidence: Evidence): Findings {
  const views = viewsOf(evidence)
  const findings = noFindings()
  for (const view of views.people) {
    const { lostOnes, ...said } = checkSaid(view)
    add(findings, said)
    add(findings, checkAnswers(view, lostOnes))
    add(findings, checkDeliveries(view))
    add(findings, checkStatuses(view))
    add(findings, checkEnded(view, views.endKnown))
  }
  add(findings, checkOverlapping(evidence, views))
  add(findings, {
    not_closed: notClosed(views),
    unknown_conversation: unknownConversations(views),
    orphan_chats: orphanChats(views),
    dead_letters: deadLetterCases(evidence.deadLetters, views.people),
  })
  return findings
}

function add(findings: Findings, some: SomeFindings): void {
  for (const kind of [...faultKinds, ...listedKinds]) for (const one of some[kind] ?? []) findings[kind].push(one)
}
