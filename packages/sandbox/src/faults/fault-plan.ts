import type { TwilioOperation, UponaiOperation } from '../history/entries.ts'
import { drawLatency, type Latency } from './latency.ts'
import { type Random, seededRandom } from './random.ts'
import { type Disturbance, type FaultPlanInput, type FaultRule, faultPlanSchema } from './rules.ts'

/** What a rule may look at. */
export interface RequestFacts {
  target: 'uponai' | 'twilio'
  operation: UponaiOperation | TwilioOperation
  agent?: string | undefined
  chat?: string | undefined
  text?: string | undefined
  to?: string | undefined
  from?: string | undefined
}

export interface DrawnFault {
  fault: Disturbance | { kind: 'end-chat' } | null
  /** Position of the rule in the plan. */
  rule: number
  delayMs: number
}

interface ActiveRule {
  rule: FaultRule
  random: Random
  matched: number
  injected: number
}

/** The faults in force. Each rule has its own seeded randomness, so that one rule does not shift another's luck. */
export class FaultPlan {
  readonly #defaultLatency: Latency | null
  #seed = 1
  #active: ActiveRule[] = []
  #latency: Latency | null
  #latencyRandom: Random = seededRandom(1)

  constructor(defaultLatency: Latency | null) {
    this.#defaultLatency = defaultLatency
    this.#latency = defaultLatency
  }

  /** Replaces the plan. Throws a ZodError for a plan that is not valid. */
  set(input: FaultPlanInput): void {
    const plan = faultPlanSchema.parse(input)
    this.#seed = plan.seed
    this.#latency = plan.latency === undefined ? this.#defaultLatency : plan.latency
    this.#latencyRandom = seededRandom(plan.seed)
    this.#active = plan.rules.map((rule, index) => ({
      rule,
      random: seededRandom(plan.seed + (index + 1) * 0x9e3779b1),
      matched: 0,
      injected: 0,
    }))
  }

  clear(): void {
    this.set({})
  }

  view() {
    return {
      seed: this.#seed,
      latency: this.#latency,
      rules: this.#active.map(({ rule, matched, injected }) => ({ ...rule, matched, injected })),
    }
  }

  /** Decides what happens to a request: the first latency rule and the first other rule that fire. */
  draw(facts: RequestFacts): DrawnFault {
    const drawn: DrawnFault = { fault: null, rule: -1, delayMs: -1 }
    for (const [index, active] of this.#active.entries()) {
      const { fault } = active.rule
      const decided = fault.kind === 'latency' ? drawn.delayMs >= 0 : drawn.fault !== null
      if (decided || !fires(active, facts)) continue
      if (fault.kind === 'latency') {
        drawn.delayMs = drawLatency(fault, active.random)
      } else {
        drawn.fault = fault
        drawn.rule = index
      }
    }
    if (drawn.delayMs < 0) drawn.delayMs = this.#latency === null ? 0 : drawLatency(this.#latency, this.#latencyRandom)
    return drawn
  }
}

function fires(active: ActiveRule, facts: RequestFacts): boolean {
  const { rule } = active
  if (!matches(rule, facts)) return false
  active.matched += 1
  if (rule.times !== undefined && active.injected >= rule.times) return false
  if (rule.probability < 1 && active.random() >= rule.probability) return false
  active.injected += 1
  return true
}

function matches(rule: FaultRule, facts: RequestFacts): boolean {
  if (rule.target !== facts.target) return false
  if (rule.operation !== undefined && rule.operation !== facts.operation) return false
  const { text, text_contains: part, ...exact } = rule.match
  if (text !== undefined && facts.text !== text) return false
  if (part !== undefined && !facts.text?.includes(part)) return false
  const wanted: Partial<RequestFacts> = exact
  return (
    (wanted.agent === undefined || wanted.agent === facts.agent) &&
    (wanted.chat === undefined || wanted.chat === facts.chat) &&
    (wanted.to === undefined || wanted.to === facts.to) &&
    (wanted.from === undefined || wanted.from === facts.from)
  )
}
