import { repeatedly } from '../attacker/client.ts'
import { ORIGIN, PUBLIC_KEY } from '../attacker/conversations.ts'
import type { Row } from '../row.ts'

/** More than a few tries at once that a limit lets pass. */
const MOST = 100

export const manyConversations: Row = {
  name: 'conversations from one network',
  attack: '20 connections begin conversations, each time from another address of one IPv6 /64 or in another spelling',
  harmless: 'they ask with a public key that there is not',
  async prepare({ client, random, gotThrough }) {
    const addresses = [
      () => `2001:db8::${random.whole(1, 65_535).toString(16)}`,
      () => '::ffff:203.0.113.5',
      () => '203.0.113.5',
    ]
    const begin = (publicKey: string) => async (signal: AbortSignal) => {
      let begun = 0
      await repeatedly(signal, { atOnce: 20, pauseMs: 50 }, async () => {
        const { status } = await client.ask('/v1/conversations', {
          body: { public_key: publicKey },
          headers: { origin: ORIGIN },
          from: random.pick(addresses)(),
        })
        if (status === 201) begun++
      })
      if (begun > MOST) gotThrough(`${begun} conversations at once from two networks`)
    }
    return { attack: begin(PUBLIC_KEY), harmless: begin('pk_of_nobody') }
  },
}
