import { request } from 'undici'
import type { Member } from './member.ts'

/** What Chatlane counts of its own repairs. */
const counters = {
  sweeperWakes: 'chatlane_sweeper_wakes_total',
  fenced: 'chatlane_fenced_commits_total',
  takeOvers: 'chatlane_take_overs_total',
} as const

export type Repairs = Record<keyof typeof counters, number>

/** Adds up the workers' counters over their lives: a process that is killed takes its own with it. */
export class RepairCounts {
  /** Last values, per process. */
  readonly #seen = new Map<string, Repairs>()

  /** Reads them; who does not answer is passed over. */
  async read(members: readonly Member[]): Promise<void> {
    await Promise.all(
      members.map(async (member) => {
        const { life } = member
        const text = await textAt(member.metricsUrl)
        if (text === undefined || member.life !== life) return
        this.#seen.set(`${member.name} ${life}`, {
          sweeperWakes: sumOf(text, counters.sweeperWakes),
          fenced: sumOf(text, counters.fenced),
          takeOvers: sumOf(text, counters.takeOvers),
        })
      }),
    )
  }

  get total(): Repairs {
    const total: Repairs = { sweeperWakes: 0, fenced: 0, takeOvers: 0 }
    for (const seen of this.#seen.values()) {
      total.sweeperWakes += seen.sweeperWakes
      total.fenced += seen.fenced
      total.takeOvers += seen.takeOvers
    }
    return total
  }
}

async function textAt(url: string): Promise<string | undefined> {
  try {
    const response = await request(url, { headersTimeout: 4_000, bodyTimeout: 4_000 })
    const text = await response.body.text()
    return response.statusCode === 200 ? text : undefined
  } catch {
    return undefined
  }
}

/** Over all labels of a counter in Prometheus' text format. */
function sumOf(text: string, name: string): number {
  let sum = 0
  for (const line of text.split('\n')) {
    if (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) sum += Number(line.slice(line.lastIndexOf(' ') + 1))
  }
  return sum
}
