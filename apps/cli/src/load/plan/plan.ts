import { randomExponential, randomInt, randomLcg } from 'd3-random'
import type { LoadSettings, Range } from '../settings.ts'
import { burstClock } from './bursts.ts'
import { drawThinkMs, longestThinkMs, meanThinkMs } from './think-time.ts'

export interface PlannedMessage {
  /** Ms since the start. */
  at: number
  /** Characters. */
  textLength: number
}

/** Someone who writes: a conversation of its own. */
export interface PlannedPerson {
  channel: 'web' | 'sms'
  /** In the order of their times; at least one. */
  messages: PlannedMessage[]
}

export type PlanSettings = Pick<
  LoadSettings,
  'durationMs' | 'rate' | 'messages' | 'think' | 'burst' | 'smsShare' | 'textLength' | 'seed'
>

/**
 * Who writes when. People come by chance and independently of each other (a Poisson process), as many as make the rate, and
 * each writes its messages with think times in between, whatever becomes of them. The plan begins long before the start and is
 * cut there: at the start as many people are in the middle of their conversations as at any time, and the rate is right from
 * the first second on. The same settings and seed make the same plan.
 */
export function planArrivals(settings: PlanSettings): PlannedPerson[] {
  const { durationMs, rate, messages, think, burst, smsShare, textLength, seed } = settings
  const clock = burstClock(burst)
  const end = clock.evenAt(durationMs)
  // Streams of their own, so that longer texts do not make other arrivals.
  const drawGapMs = randomExponential.source(streamOf(seed, 0))(rate / meanOf(messages) / 1_000)
  const drawCount = wholeIn(messages, streamOf(seed, 1))
  const drawPauseMs = drawThinkMs(think, streamOf(seed, 2))
  const drawLength = wholeIn(textLength, streamOf(seed, 3))

  const people: PlannedPerson[] = []
  const before = (messages.most - 1) * longestThinkMs(think)
  for (let begin = drawGapMs() - before; begin < end; begin += drawGapMs()) {
    const planned: PlannedMessage[] = []
    let at = begin
    for (let left = drawCount(); left > 0 && at < end; left--, at += drawPauseMs()) {
      if (at >= 0) planned.push({ at: clock.realAt(at), textLength: drawLength() })
    }
    if (planned.length > 0) people.push({ channel: channelOf(people.length, smsShare), messages: planned })
  }
  return people
}

/** Neighbouring seeds would begin alike: they are spread first. */
function streamOf(seed: number, n: number): () => number {
  return randomLcg(Math.imul(seed * 4 + n, 0x9e37_79b1))
}

/** The rate at which so many people write at the same time, messages per second. */
export function rateOfPeople(people: number, think: LoadSettings['think']): number {
  return (people / meanThinkMs(think)) * 1_000
}

/** The rate that so many new conversations per second make, messages per second. */
export function rateOfConversations(perSecond: number, messages: Range): number {
  return perSecond * meanOf(messages)
}

/** How many messages a plan has, about: to be known before it is made. */
export function expectedMessages({ durationMs, rate, burst }: Pick<PlanSettings, 'durationMs' | 'rate' | 'burst'>) {
  return (rate * burstClock(burst).evenAt(durationMs)) / 1_000
}

/** The shares are right as soon as there is a handful of people: luck has no part in them. */
function channelOf(n: number, smsShare: number): 'web' | 'sms' {
  return Math.floor(((n + 1) * smsShare) / 100) > Math.floor((n * smsShare) / 100) ? 'sms' : 'web'
}

function meanOf({ least, most }: Range): number {
  return (least + most) / 2
}

function wholeIn({ least, most }: Range, random: () => number): () => number {
  return randomInt.source(random)(least, most + 1)
}
