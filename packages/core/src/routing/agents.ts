import { hash } from 'node:crypto'
import { personOf } from '../identity/identity.ts'
import type { WeightedAgent } from './routes.ts'

/**
 * Chooses an agent by weight: the same participant always gets the same one, whatever the order of the list, and on whatever
 * channel of the same phone number, in whatever spelling. Weighted rendezvous hashing: when an agent comes or goes or a weight changes, only the
 * participants who must move do.
 *
 * @param participant an address: `+1…`, `whatsapp:+1…`
 * @throws {RangeError} when no agent has a weight above 0
 */
export function chooseAgent(agents: readonly WeightedAgent[], participant: string): string {
  const [only] = agents
  if (only && agents.length === 1 && only.weight > 0) return only.agentId
  const person = personOf(participant)
  let chosen: string | undefined
  let lowest = Number.POSITIVE_INFINITY
  for (const { agentId, weight } of agents) {
    if (weight <= 0) continue
    const score = -Math.log(uniform(`${agentId}\n${person}`)) / weight
    if (score < lowest) {
      chosen = agentId
      lowest = score
    }
  }
  if (chosen === undefined) throw new RangeError('expected at least one agent with a weight above 0')
  return chosen
}

/** A number between 0 and 1, neither of them included, the same for the same key. */
function uniform(key: string): number {
  return (hash('sha256', key, 'buffer').readUIntBE(0, 6) + 0.5) / 2 ** 48
}
