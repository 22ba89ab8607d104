import { inRounds } from '../in-rounds.ts'
import { count, range, times } from '../report/numbers.ts'
import type { Context, Outcome, Row } from '../row.ts'
import { type Spread, spread } from '../spread.ts'
import { startFormParser } from './baseline/baseline.ts'
import { startChatlane } from './chatlane.ts'
import type { Phase } from './phase.ts'
import { type Run, run } from './run.ts'
import { storedMessages } from './stored.ts'
import { withService } from './with-service.ts'

const sides = { chatlane: startChatlane, form: startFormParser }
type SideName = keyof typeof sides
const sideNames: readonly SideName[] = ['chatlane', 'form']
const titles: Record<SideName, string> = { chatlane: 'Chatlane’s api', form: 'Express 5, form parsed' }

const PARTICIPANTS = 4_000
const MESSAGES_EACH = 5
const CONNECTIONS = 64
const REACH = 0.5

/** Row 4: how many webhooks one api process takes. */
export const ingress: Row = {
  n: 4,
  name: 'ingress alone, signed Twilio webhooks per second',
  what:
    'Signed Twilio webhooks that one api process accepts durably per second, no worker running (so that four in five find an ' +
    'unanswered message before them), against an Express 5 handler ' +
    'that parses the form and answers.',
  reachText: `≥ ${REACH} × an Express 5 handler that parses the form and answers`,
  measure,
}

interface Measured {
  perSecond: number
  perCpuSecond: number
}

async function measure(context: Context): Promise<Outcome> {
  const participants = context.sized(PARTICIPANTS)
  const phase: Phase = { name: 'm', participants, messages: participants * MESSAGES_EACH }
  const warmUp: Phase = { name: 'w', participants: context.sized(PARTICIPANTS / 5), messages: context.sized(4_000) }
  const rounds = await inRounds(context, sideNames, async (side) => {
    const { redisUrl, profileTo } = context
    const took = await withService(
      sides[side],
      { redisUrl, withWorker: false, profileTo },
      async (service, providers) => {
        await run(service, providers, { phase: warmUp, connections: CONNECTIONS })
        const sent = await run(service, providers, { phase, connections: CONNECTIONS })
        if (side === 'chatlane') await demandStored(redisUrl, warmUp.messages + phase.messages)
        return sent
      },
    )
    const measured = figures(took, phase)
    return { measured, told: `${count(measured.perSecond)}/s` }
  })
  return outcome(phase, rounds)
}

async function demandStored(redisUrl: string, accepted: number): Promise<void> {
  const stored = await storedMessages(redisUrl)
  if (stored !== accepted) throw new Error(`${accepted} messages were accepted, ${stored} are stored`)
}

function figures({ seconds, apiMicros }: Run, { messages }: Phase): Measured {
  return { perSecond: messages / seconds, perCpuSecond: messages / (apiMicros / 1e6) }
}

function outcome(phase: Phase, rounds: readonly Map<SideName, Measured>[]): Outcome {
  const figure = (round: Map<SideName, Measured>, side: SideName, key: keyof Measured) =>
    round.get(side)?.[key] ?? Number.NaN
  const of = (side: SideName, key: keyof Measured) => spread(rounds.map((round) => figure(round, side, key)))
  const over = (key: keyof Measured): Spread =>
    spread(rounds.map((round) => figure(round, 'chatlane', key) / figure(round, 'form', key)))
  const line = (side: SideName) => [
    titles[side],
    count(of(side, 'perSecond').median),
    range(of(side, 'perSecond')),
    side === 'chatlane' ? '' : times(over('perSecond')),
    count(of(side, 'perCpuSecond').median),
    side === 'chatlane' ? '' : times(over('perCpuSecond')),
  ]
  const head = ['', 'webhooks/s', 'min–max', 'Chatlane to it', 'per CPU second', 'Chatlane to it']
  const name = `ingress: ${count(phase.messages)} signed webhooks of ${count(phase.participants)} people`
  return {
    name,
    unit: 'webhooks/s',
    value: of('chatlane', 'perSecond'),
    against: { form: Math.round(of('form', 'perSecond').median) },
    ratio: { form: { value: over('perSecond'), reach: { least: REACH } } },
    table: [head, ...sideNames.map(line)],
    notes: [
      `${CONNECTIONS} connections, each with one request on its way. “per CPU second”: of the api process alone; it says`,
      'what the api costs where Redis and the senders have machines of their own.',
    ],
    plots: [
      {
        file: 'row-4',
        title: name,
        kind: 'bars',
        x: { title: '' },
        y: { title: 'webhooks per second' },
        points: sideNames.map((side) => {
          const { median, min, max } = of(side, 'perSecond')
          return { series: titles[side], x: titles[side], y: median, low: min, high: max }
        }),
      },
    ],
  }
}
