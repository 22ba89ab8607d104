import { Gauge, type Registry } from 'prom-client'
import type { HeldSender } from '../deliveries/held-senders.ts'

/** @param held senders that pause now; asked at each scrape */
export function watchSenders(registry: Registry, held: () => readonly HeldSender[]): void {
  new Gauge({
    name: 'chatlane_senders_paused',
    help: 'Numbers and Messaging Services of ours that send nothing for now, as far as this worker has seen, by the code of Twilio: see docs/twilio.md for what to mend. Their messages wait. pnpm chatlane pauses says since when, until when and how many.',
    labelNames: ['reason'],
    registers: [registry],
    collect() {
      this.reset()
      for (const { reason } of held()) this.inc({ reason })
    },
  })
}
