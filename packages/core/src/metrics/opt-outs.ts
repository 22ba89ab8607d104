import { Counter, Gauge, type Registry } from 'prom-client'
import { BoundedRead } from './bounded-read.ts'

/** Says, at each scrape, how many opt-outs stand: the same number in every api of a deployment. */
export function watchOptOuts(registry: Registry, optOuts: { count(): Promise<number> }): void {
  const read = new BoundedRead(() => optOuts.count())
  new Gauge({
    name: 'chatlane_opt_outs',
    help: 'Pairs of a person and a sender of ours that are opted out, by STOP, by the carrier or by an operator. See pnpm chatlane optouts list.',
    registers: [registry],
    async collect() {
      const count = await read.get()
      this.reset()
      if (count !== undefined) this.set(count)
    },
  })
}

/** Counts the messages of people that a rule kept from the agent. */
export function droppedMessages(registry: Registry): Counter<'reason'> {
  return new Counter({
    name: 'chatlane_messages_dropped_total',
    help: 'Messages of people that are shown and not given to the agent, by the rule: stop, start, help; opted_out: of someone who is opted out; media: nothing to read in them; duplicate: of a linked number, taken in by two conversations; own_address: from one of our own senders; loop: of a machine that answers without end.',
    labelNames: ['reason'],
    registers: [registry],
  })
}
