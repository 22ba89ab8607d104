import { request } from 'undici'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sandboxCredentials } from '../src/index.ts'
import { receivePosts } from './received-posts.ts'
import { useSandbox } from './started-sandbox.ts'

const at = useSandbox()
const { twilioAccountSid: accountSid, twilioAuthToken: authToken } = sandboxCredentials
const basic = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`
let api: Awaited<ReturnType<typeof receivePosts>>

beforeAll(async () => {
  api = await receivePosts()
  await at.control.settings({ api_url: api.url })
})
afterAll(() => api.close())

/** Brings a message with files; gives the addresses of these, here instead of at Twilio. */
async function bring(media: Parameters<typeof at.control.sendSms>[0]['media']) {
  await at.control.settings({ api_url: api.url })
  const before = api.posts.length
  await at.control.sendSms({ from: '+14155550100', to: '+15005550006', media })
  const form = new URLSearchParams(api.posts[before]?.body)
  const urls = [...form].filter(([name]) => /^MediaUrl\d$/.test(name)).map(([, url]) => url)
  return { form, urls: urls.map((url) => url.replace('https://api.twilio.com', at.sandbox.twilioUrl)) }
}

const get = async (url: string, headers: Record<string, string> = {}) => {
  const { statusCode: status, headers: answered, body } = await request(url, { headers })
  return { status, headers: answered, location: String(answered.location), size: (await body.arrayBuffer()).byteLength }
}

test('a file is named in the form, guarded by credentials, and had behind a redirect without them', async () => {
  const { form, urls } = await bring([{ content_type: 'image/png', bytes: 34_000 }, {}])
  expect(Object.fromEntries(form)).toMatchObject({
    NumMedia: '2',
    MediaContentType0: 'image/png',
    MediaContentType1: 'image/jpeg',
    MessageSid: expect.stringMatching(/^MM/),
  })
  const [url = ''] = urls
  expect((await get(url)).status).toBe(401)
  const { status, location } = await get(url, { authorization: basic })
  expect(status).toBe(307)
  expect(await get(location)).toMatchObject({ status: 200, size: 34_000, headers: { 'content-type': 'image/png' } })
  const entries = await at.control.history({ kind: 'twilio' })
  expect(entries.map((e) => e.kind === 'twilio' && [e.operation, e.status, e.credentials])).toEqual([
    ['media-fetch', 401, false],
    ['media-fetch', 307, true],
    ['media-content', 200, false],
  ])
})

test('a redirect leads to another host, round and round, or nowhere', async () => {
  const { urls } = await bring([{ redirect: 'other_host' }, { redirect: 'again_and_again' }, { redirect: 'none' }])
  const answers = await Promise.all(urls.map((url) => get(url, { authorization: basic })))
  const [other, again, none] = answers
  expect(new URL(other?.location ?? '').hostname).not.toBe(new URL(at.sandbox.url).hostname)
  expect((await get(again?.location ?? '')).location).toBe(again?.location)
  expect(none).toMatchObject({ status: 200, size: 1_000 })
})

test('a file that nobody sent is not there', async () => {
  const { urls } = await bring([{}])
  expect((await get(`${urls[0]?.slice(0, -1)}9`, { authorization: basic })).status).toBe(404)
})
