import type { LaneRedis } from '@chatlane/lanes'
import { z } from 'zod'
import type { PauseReason } from './gate.ts'
import { pauseKey } from './shared-pause.ts'

const LOOK_EVERY_MS = 2_000

/** A note outlives its process for so long. */
const KEPT_MS = 10_000

/** Whom calls are made to, or not for a while. */
export const PROVIDERS = ['uponai', 'twilio', 'webhooks'] as const
export type Provider = (typeof PROVIDERS)[number]

/** No calls to a provider are made. Times in ms. */
export interface ProviderPause {
  provider: Provider
  reason: PauseReason
  since: number
  /** Absent: until the provider answers, or an operator has mended something. */
  until?: number
}

export interface PauseNotesOptions {
  redis: LaneRedis
  prefix: string
  /** Why no calls are made to each; undefined: they are made. */
  pauses: Readonly<Partial<Record<Provider, () => PauseReason | undefined>>>
  onError: (error: unknown) => void
}

/** Notes in Redis what this process's pauses are, for whoever asks for those of the deployment. */
export class PauseNotes {
  readonly #options: PauseNotesOptions
  readonly #timer: NodeJS.Timeout
  readonly #noted = new Map<string, string>()

  /** Notes them from now on, until {@link stop}. */
  constructor(options: PauseNotesOptions) {
    this.#options = options
    this.#timer = setInterval(() => void this.#note().catch(options.onError), LOOK_EVERY_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #note(): Promise<void> {
    const { redis, prefix, pauses } = this.#options
    if (redis.status !== 'ready') return
    for (const [provider, pauseOf] of Object.entries(pauses)) {
      const key = noteKey(prefix, provider)
      const reason = pauseOf()
      const before = this.#noted.get(provider)
      if (reason === undefined) {
        if (before !== undefined) await redis.del(key)
        this.#noted.delete(provider)
        continue
      }
      const since = before?.endsWith(` ${reason}`) ? before.split(' ')[0] : String(Date.now())
      const note = `${since} ${reason}`
      this.#noted.set(provider, note)
      // The pause that was noted first, by whichever process, says since when.
      const known = await redis.set(key, note, 'PX', KEPT_MS, 'NX', 'GET')
      if (known?.endsWith(` ${reason}`)) await redis.pexpire(key, KEPT_MS)
      else if (known) await redis.set(key, note, 'PX', KEPT_MS)
    }
  }
}

const note = z.preprocess(
  (text) => String(text ?? '').split(' '),
  z.tuple([z.coerce.number(), z.enum(['throttled', 'credentials', 'outage'])]),
)

/** The providers to whom some process makes no calls now. */
export async function listProviderPauses(redis: LaneRedis, prefix: string): Promise<ProviderPause[]> {
  const now = Date.now()
  const found = await Promise.all(
    PROVIDERS.map(async (provider): Promise<ProviderPause | undefined> => {
      const [text, leftMs] = await Promise.all([
        redis.get(noteKey(prefix, provider)),
        redis.pttl(pauseKey(prefix, provider)),
      ])
      const [since, reason] = note.safeParse(text).data ?? []
      if (since === undefined || reason === undefined) return undefined
      return { provider, reason, since, ...(leftMs > 0 && { until: now + leftMs }) }
    }),
  )
  return found.filter((pause) => pause !== undefined)
}

const noteKey = (prefix: string, provider: string) => `${prefix}:paused:${provider}`
