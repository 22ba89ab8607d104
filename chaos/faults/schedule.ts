import { type Random, randomFrom } from '../random.ts'
import { type Group, type TimedFault, timedFaults } from './catalog.ts'

/** One injection. */
export interface FaultEvent {
  fault: string
  /** From the start of the run, ms. */
  at: number
  /** How long it lasts, ms. */
  ms: number
  /** Which one of several processes, or chats: 0 up to 1. */
  which: number
  /** For connections: those of all processes, not of one alone. */
  everywhere: boolean
  /** For half-open connections: new ones are no better. */
  deaf: boolean
}

/** Before the first fault everything runs for a moment. */
const START_MS = 2_000

/** After a fault its group is left alone for so long, ms: what it broke has to be seen at work again. */
const RECOVERY_MS: Record<Group, number> = {
  worker: 4_000,
  api: 4_000,
  redis: 4_000,
  uponai: 3_000,
  twilio: 3_000,
  chats: 0,
}

/** Streams of faults that know nothing of each other: at any moment, one of each may be at work. ms from one to the next. */
const streams: { groups: Group[]; every: [least: number, most: number] }[] = [
  { groups: ['worker', 'api'], every: [6_000, 10_000] },
  { groups: ['redis'], every: [7_000, 14_000] },
  { groups: ['uponai'], every: [8_000, 15_000] },
  { groups: ['twilio'], every: [5_000, 11_000] },
  { groups: ['chats'], every: [500, 1_500] },
]

/**
 * When which fault is injected; the same arguments, the same list, in order of time.
 * @param faults names from the catalog; those without a place in time are passed over
 */
export function schedule(seed: number, minutes: number, faults: readonly string[]): FaultEvent[] {
  const random = randomFrom(seed)
  const events = streams.flatMap(({ groups, every }) => {
    const luck = random.fork()
    const own = timedFaults.filter(({ name, group }) => groups.includes(group) && faults.includes(name))
    return own.length === 0 ? [] : stream(own, every, minutes * 60_000, luck)
  })
  return events.sort((a, b) => a.at - b.at)
}

function stream(faults: TimedFault[], every: [number, number], endsAt: number, random: Random): FaultEvent[] {
  const events: FaultEvent[] = []
  const freeFrom = new Map<Group, number>()
  let deck = random.shuffled(faults)
  for (let at = START_MS; at < endsAt; at += Math.round(random.between(...every))) {
    // Each fault once before any comes again, as far as its group is free and the time that is left is long enough.
    const fits = ({ group, ms }: TimedFault) => (freeFrom.get(group) ?? 0) <= at && at + ms[0] <= endsAt
    if (!deck.some(fits)) deck = [...deck, ...random.shuffled(faults.filter((other) => !deck.includes(other)))]
    const fault = deck.find(fits)
    const drawn = {
      at,
      ms: 0,
      which: random.next(),
      everywhere: random.chance(0.4),
      deaf: random.chance(0.5),
    }
    if (!fault) continue
    const ms = Math.min(Math.round(random.between(...fault.ms)), endsAt - at)
    events.push({ ...drawn, fault: fault.name, ms })
    freeFrom.set(fault.group, at + ms + RECOVERY_MS[fault.group])
    deck = deck.filter((other) => other !== fault)
    if (deck.length === 0) deck = random.shuffled(faults)
  }
  return events
}
