import type { FaultPlanInput, FaultRule } from '@chatlane/sandbox'
import { randomFrom } from '../random.ts'

type RuleInput = NonNullable<FaultPlanInput['rules']>[number]

/** A fault that the sandbox injects, as a rule of its plan. */
export interface ProviderFault {
  name: string
  what: string
  rule: RuleInput
  /** Off but for a few seconds at a time, and then for every request; the others are always on, for a few. */
  burst: boolean
}

type When = 'before' | 'after'
const whens = ['before', 'after'] as const

/** Of the calls of each kind, the share that each fault spoils: rare calls are spoilt more often, or they never would be. */
const shares = { completion: 0.003, create: 0.005, end: 0.005, get: 0.01, list: 0.01 }
const operations = ['create', 'completion', 'get', 'list', 'end'] as const
const twilioShare = 0.004

const bursts: ProviderFault[] = (['uponai', 'twilio'] as const).flatMap((target) => [
  burst(target, '503', 'answers 503 to everything for some seconds', { kind: 'status', status: 503 }),
  burst(target, '429', 'answers 429 with Retry-After to everything for some seconds', {
    kind: 'status',
    status: 429,
    retry_after_s: 2,
  }),
  burst(target, '401', 'refuses the credentials for some seconds', { kind: 'status', status: 401 }),
])

const uponaiBackground: ProviderFault[] = operations.flatMap((operation) => {
  const always = (
    name: string,
    what: string,
    fault: FaultRule['fault'],
    probability = shares[operation],
  ): ProviderFault => ({
    name: `uponai-${operation}-${name}`,
    what: `UponAI's ${operation} ${what}`,
    rule: { target: 'uponai', operation, probability, fault } as RuleInput,
    burst: false,
  })
  return [
    ...[500, 503, 504].flatMap((status) =>
      whens.map((when) =>
        always(`${status}-${when}`, `answers ${status} ${when} its effect`, { kind: 'status', status, when }),
      ),
    ),
    ...disturbances().map(({ name, what, fault }) => always(name, what, fault)),
    // Each one stops all workers for a second.
    always(
      '429',
      'answers 429 with Retry-After',
      { kind: 'status', status: 429, when: 'before', retry_after_s: 1 },
      shares[operation] / 5,
    ),
  ]
})

const chatEnded: ProviderFault = {
  name: 'uponai-completion-chat-ended',
  what: "UponAI's chat is over just when a completion comes",
  rule: { target: 'uponai', operation: 'completion', probability: 0.005, fault: { kind: 'end-chat' } },
  burst: false,
}

const twilioBackground: ProviderFault[] = [
  ...whens.map((when) => ({
    name: `500-${when}`,
    what: `answers 500 ${when} its effect`,
    fault: { kind: 'status' as const, status: 500, when },
  })),
  ...disturbances(),
  { name: '429', what: 'answers 429', fault: { kind: 'status' as const, status: 429, when: 'before' as const } },
].map(({ name, what, fault }) => ({
  name: `twilio-create-${name}`,
  what: `Twilio's message create ${what}`,
  rule: { target: 'twilio', operation: 'message-create', probability: twilioShare, fault },
  burst: false,
}))

const twilioList: ProviderFault = {
  name: 'twilio-list-500',
  what: "Twilio's message list answers 500",
  rule: {
    target: 'twilio',
    operation: 'message-list',
    probability: 0.1,
    fault: { kind: 'status', status: 500, when: 'before' },
  },
  burst: false,
}

/** In the order of the plan, which never changes: a history entry names its rule by the place. Bursts come first and win. */
export const providerFaults: readonly ProviderFault[] = [
  ...bursts,
  ...uponaiBackground,
  chatEnded,
  ...twilioBackground,
  twilioList,
]

/**
 * The sandbox's plan.
 * @param seed for its luck; another one after every change, or the same requests would be hit again
 * @param wanted names of the faults that are on; of bursts, those that are on at this moment
 */
export function faultPlan(seed: number, wanted: ReadonlySet<string>): FaultPlanInput {
  return {
    seed,
    // Long enough for a fault to find turns on their way, and well below UPONAI_TIMEOUT_MS.
    latency: { distribution: 'lognormal', median_ms: 80, sigma: 0.8, max_ms: 2_000 },
    rules: providerFaults.map(({ name, rule }) => (wanted.has(name) ? rule : { ...rule, probability: 0 })),
  }
}

function burst(
  target: 'uponai' | 'twilio',
  name: string,
  what: string,
  fault: { kind: 'status'; status: number; retry_after_s?: number },
): ProviderFault {
  const provider = target === 'uponai' ? 'UponAI' : 'Twilio'
  return { name: `${target}-${name}-burst`, what: `${provider} ${what}`, rule: { target, fault }, burst: true }
}

function disturbances() {
  return whens.flatMap((when: When, place) => [
    { name: `drop-${when}`, what: `drops the connection ${when} its effect`, fault: { kind: 'drop' as const, when } },
    {
      name: `hang-${when}`,
      what: `hangs for a while ${when} its effect, then drops the connection`,
      fault: { kind: 'hang' as const, when, ms: Math.round(randomFrom(place).between(1_000, 3_000)) },
    },
    {
      name: `stuck-${when}`,
      what: `never answers, ${when} its effect`,
      fault: { kind: 'hang' as const, when },
    },
  ])
}
