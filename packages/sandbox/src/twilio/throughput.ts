import type { Settings } from '../settings.ts'
import type { NewMessage } from './messages.ts'
import { countSegments } from './segments.ts'

/** What each sender may send per second, and the queue in which the rest waits. */
export class Throughput {
  /** When each sender has sent all that it took, ms. */
  readonly #free = new Map<string, number>()

  /** How long a message waits until it is sent, ms; `full` when it is not taken. */
  take(
    sender: string,
    { body, to }: Pick<NewMessage, 'body' | 'to'>,
    settings: Settings,
    now = Date.now(),
  ): number | 'full' {
    const { max_per_second: perSecond, queue_segments: most } = settings
    if (perSecond === null) return 0
    const isText = !to.includes(':')
    const cost = isText ? countSegments(body) : 1
    const free = Math.max(this.#free.get(sender) ?? 0, now)
    if (((free - now) / 1_000) * perSecond + cost > most) return 'full'
    this.#free.set(sender, free + (1_000 * cost) / perSecond)
    return free - now
  }

  clear(): void {
    this.#free.clear()
  }
}
