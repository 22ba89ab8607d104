import { repeatedly } from '../attacker/client.ts'
import { visitors } from '../attacker/conversations.ts'
import type { Row } from '../row.ts'

export const endlessReceiver: Row = {
  name: 'a receiver that answers without end',
  attack: 'the receiver of business webhooks writes for as long as somebody reads, while ten people write',
  harmless: 'the receiver answers with 64 kB, while ten people write',
  async prepare(given) {
    const people = await visitors(given, 10)
    const write = (endless: boolean) => async (signal: AbortSignal) => {
      given.receiver.endless = endless
      await repeatedly(signal, { atOnce: people.length, pauseMs: 1_000 }, (place) =>
        given.client.ask(`${people[place]?.path}/messages`, {
          body: { text: `hello ${given.random.next()}` },
          headers: people[place]?.headers ?? {},
          from: `203.0.116.${place}`,
        }),
      )
      given.receiver.endless = false
    }
    return { attack: write(true), harmless: write(false) }
  },
}
