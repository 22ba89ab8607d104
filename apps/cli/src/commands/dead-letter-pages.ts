import type { deadLetterView, fullDeadLetterView } from '@chatlane/core'
import { cut, list, table, time } from '../output.ts'

/** The list as people read it. */
export function tableOfLetters(items: ReturnType<typeof deadLetterView>[], next: string | undefined): string {
  if (items.length === 0) return 'no dead letters'
  const rows = items.map(({ at, kind, reason, tries, text, event, id }) => [
    time(at),
    kind,
    reason,
    String(tries),
    cut(text ?? event ?? '', 30),
    id,
  ])
  const more = next === undefined ? '' : `\n\nMore: --cursor ${next}`
  return table(['GIVEN UP', 'KIND', 'REASON', 'TRIES', 'TEXT', 'ID'], rows) + more
}

/** One letter with all that is known of it. */
export function describeLetter(letter: ReturnType<typeof fullDeadLetterView>): string {
  const warning = letter.may_repeat ? 'it may have taken effect: replayed, the text may arrive twice' : undefined
  const about = list([
    ['dead letter', letter.id],
    ['kind', letter.kind],
    ['conversation', letter.conversation_id],
    ...row('message', letter.message_id),
    ...row('to', letter.to),
    ...row('event', letter.event),
    ...row('text', letter.text),
    ['reason', letter.reason],
    ['detail', letter.detail],
    ['tries', String(letter.tries)],
    ['given up', time(letter.at)],
    ...row('careful', warning),
  ])
  const tries = letter.history.map(({ at, detail }) => [time(at), detail])
  const messages = letter.messages.map(({ at, role, status, reason, text }) => [
    time(at),
    role,
    reason === undefined ? status : `${status} (${reason})`,
    cut(text, 80),
  ])
  return [
    about,
    section('Tries that failed', table(['AT', 'WHAT WENT WRONG'], tries)),
    section('Last messages of the conversation', table(['AT', 'FROM', 'STATUS', 'TEXT'], messages)),
  ].join('\n\n')
}

function row(name: string, value: string | null | undefined): [string, string][] {
  return value === null || value === undefined ? [] : [[name, value]]
}

function section(title: string, body: string): string {
  return `${title}\n${body}`
}
