import { Gauge, type Registry } from 'prom-client'
import type { PauseReason } from '../upstream/gate.ts'

const REASONS = ['throttled', 'credentials', 'outage'] as const satisfies PauseReason[]

/** Why no calls to a provider are made; undefined: they are made. */
export type PauseOf = () => PauseReason | undefined

/** @param upstreams by the provider's name; asked at each scrape */
export function watchPauses(registry: Registry, upstreams: () => ReadonlyMap<string, PauseOf>): void {
  new Gauge({
    name: 'chatlane_upstream_paused',
    help: 'Whether no calls to a provider are made, and why: 1 or 0. throttled: it asked for that, ask it for more. credentials: it refuses ours, set valid ones. outage: it fails again and again; calls go on by themselves when it answers. Items wait at no cost.',
    labelNames: ['upstream', 'reason'],
    registers: [registry],
    collect() {
      for (const [upstream, pauseOf] of upstreams()) {
        const paused = pauseOf()
        for (const reason of REASONS) this.set({ upstream, reason }, reason === paused ? 1 : 0)
      }
    },
  })
}
