import { setTimeout as passed } from 'node:timers/promises'
import type { Api } from './api.ts'
import type { Door } from './doors/door.ts'
import { inventedNumber, NUMBERS, smsDoor } from './doors/sms.ts'
import { webDoor } from './doors/web.ts'
import { Person } from './person.ts'
import type { PlannedPerson } from './plan/plan.ts'
import { textOf } from './plan/texts.ts'
import type { LoadSettings } from './settings.ts'
import type { Tally } from './tally.ts'
import type { Watch, Watched } from './watch.ts'

export interface WritingOptions {
  settings: LoadSettings
  plan: readonly PlannedPerson[]
  /** Names this run in every text. */
  run: string
  api: Api
  watch: Watch
  tally: Tally
  /** Ms since the start. */
  now: () => number
  /** Nothing new is sent, and nothing repeated. */
  stop: AbortSignal
}

/** A page is opened so long before its visitor writes first, ms. */
export const LEAD_MS = 2_000

interface Event {
  at: number
  person: PlannedPerson
  /** Which of the messages; -1: the arrival. */
  n: number
}

/** Sends what is planned when it is planned; resolves when all of it is accepted, refused or given up. */
export async function write(options: WritingOptions): Promise<void> {
  const { plan, run, watch, tally, now, stop } = options
  const people = new Map<PlannedPerson, Watched>()
  for (const { at, person, n } of eventsOf(plan)) {
    const early = at - now()
    // Short waits are left out: a timer's are no more exact, and after a wait the next events may be due as well.
    if (early > 0.5) await passed(early, undefined, { signal: stop }).catch(() => {})
    if (stop.aborted) break
    if (n === -1) {
      const someone = newcomer(people.size, person, options)
      people.set(person, someone)
      someone.person.arrive()
      continue
    }
    const message = person.messages[n]
    const someone = people.get(person)
    if (!message || !someone) continue
    tally.due++
    tally.lateness.add(Math.max(0, now() - at))
    someone.person.say(textOf(`${run}-${someone.person.name}-${n + 1}`, message.textLength), at)
  }
  await Promise.all(watch.people.map(({ person }) => person.idle))
}

function eventsOf(plan: readonly PlannedPerson[]): Event[] {
  const events = plan.flatMap((person): Event[] => [
    { at: (person.messages[0]?.at ?? 0) - LEAD_MS, person, n: -1 },
    ...person.messages.map(({ at }, n) => ({ at, person, n })),
  ])
  return events.sort((a, b) => a.at - b.at)
}

function newcomer(n: number, { channel }: PlannedPerson, options: WritingOptions): Watched {
  const { settings, run, api, watch, tally, now, stop } = options
  let door: Door
  let line: Watched['line']
  const { sms } = settings
  if (channel === 'sms' && sms) {
    // Another run has other numbers, most likely: it begins elsewhere.
    const participant = inventedNumber((Number.parseInt(run, 36) + n) % NUMBERS)
    const sender = sms.numbers[n % sms.numbers.length] ?? ''
    line = { participant, sender }
    door = smsDoor(api, sms, { from: participant, to: sender })
  } else {
    door = webDoor(api, settings.web)
  }
  const someone: Watched = {
    ...(line && { line }),
    person: new Person({
      name: `${channel}${n + 1}`,
      channel,
      door,
      now,
      giveUp: stop,
      onRepeat: (answer) => tally.repeat(answer),
      onSettled: (message) => {
        tally.settled(message)
        // An unclear one may be there, and then comes to its end as well.
        if (message.outcome !== 'refused') watch.expect(someone)
      },
    }),
  }
  watch.add(someone)
  return someone
}
