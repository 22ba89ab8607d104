import { createHmac, randomBytes } from 'node:crypto'
import { sandboxCredentials } from '@chatlane/sandbox'
import { repeatedly } from '../attacker/client.ts'
import type { Row } from '../row.ts'

/** What this repository publishes, and what somebody would try first. */
const KNOWN_SECRETS = ['known to everybody: for this machine only', 'sandbox-session-secret-known-to-everybody', 'x']

const coded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

function signed(payload: object, secret: string): string {
  const text = `${coded({ alg: 'HS256' })}.${coded({ exp: Math.floor(Date.now() / 1_000) + 3_600, ...payload })}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

export const forgeries: Row = {
  name: 'forged signatures and tokens',
  attack:
    "20 connections bring webhooks and tokens signed with secrets that are known or guessed, one for any of Twilio's paths",
  harmless: 'they ask for what there is not',
  async prepare({ client, random, gotThrough }) {
    const conversation = `c0_${'A'.repeat(22)}`
    const account = sandboxCredentials.twilioAccountSid
    const tries: (() => Promise<{ status: number }>)[] = [
      () =>
        client.ask('/webhooks/twilio/messages', {
          body: `AccountSid=${account}&MessageSid=SM${randomBytes(16).toString('hex')}&From=%2B14155550100&To=%2B15005550006&Body=hi`,
          headers: {
            'content-type': 'application/x-www-form-urlencoded',
            'x-twilio-signature': randomBytes(20).toString('base64'),
          },
          from: '203.0.113.12',
        }),
      () => client.ask(`/media/${signed({ aud: 'media', sub: `${account}/../..` }, random.pick(KNOWN_SECRETS))}`),
      () => {
        const token = signed({ sub: conversation }, random.pick(KNOWN_SECRETS))
        return client.ask(`/v1/conversations/${conversation}`, { headers: { authorization: `Bearer ${token}` } })
      },
      () => client.ask('/v1/dead-letters', { headers: { authorization: 'Bearer dev-key' } }),
    ]
    return {
      attack: (signal) =>
        repeatedly(signal, { atOnce: 20, pauseMs: 50 }, async (place) => {
          const { status } = (await tries[place % tries.length]?.()) ?? { status: 0 }
          if (status < 400 && status > 0) gotThrough(`a forgery was answered ${status}`)
        }),
      harmless: (signal) =>
        repeatedly(signal, { atOnce: 20, pauseMs: 50 }, () => client.ask('/nothing', { from: '203.0.113.12' })),
    }
  },
}
