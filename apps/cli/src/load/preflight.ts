import { randomBytes } from 'node:crypto'
import { Failure } from '../failure.ts'
import type { Answer, Api } from './api.ts'
import { inventedNumber, postSms } from './doors/sms.ts'
import { webDoor } from './doors/web.ts'
import type { LoadSettings } from './settings.ts'

/**
 * Tries each door once, so that a run of an hour does not end with a thousand refusals. It leaves one empty conversation; the
 * SMS it posts are without text, which are taken and thrown away.
 * @throws Failure naming the setting that is wrong
 */
export async function preflight(api: Api, { web, sms, smsShare }: LoadSettings): Promise<void> {
  for (const url of api.urls)
    demand(await api.get('/v1/conversations?limit=1', url), url, 'API_KEYS: expected its first')
  if (web && smsShare < 100) {
    const { status, problem } = await webDoor(api, web).open()
    if (status !== 201) {
      const asked = 'agent_id' in web ? `--agent ${web.agent_id}` : `--public-key ${web.public_key}`
      throw new Failure(`${asked}: expected a conversation to be opened with it, got ${problem ?? `a ${status}`}`)
    }
  }
  if (!sms || smsShare === 0) return
  for (const to of sms.numbers) {
    const sid = `SM${randomBytes(16).toString('hex')}`
    const { status, problem } = await postSms(api, sms, { from: inventedNumber(0), to, text: '', sid })
    if (status === 204) continue
    if (status === 403) {
      const settings = 'TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and PUBLIC_URL'
      throw new Failure(`${settings}: expected those of the api, but it refuses the signature (403)`, 78)
    }
    if (status === 404) throw new Failure(`--number ${to}: expected the api to have a route for it, and Twilio (404)`)
    throw new Failure(`--number ${to}: expected the api to take an SMS, got ${problem ?? `a ${status}`}`)
  }
}

function demand({ status, problem }: Answer, url: string, key: string): void {
  if (status === 200) return
  if (status === undefined) throw new Failure(`--url: the api at ${url} cannot be reached: ${problem}`)
  if (status === 401) throw new Failure(`${key} to be one of the api's, but ${url} refuses it (401)`, 78)
  throw new Failure(`--url: expected an api of Chatlane at ${url}, but it lists no conversations (${status})`)
}
