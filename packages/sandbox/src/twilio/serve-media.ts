import type { Request, Response, Router } from 'express'
import type { Exchange } from '../exchange.ts'
import type { TwilioEntry } from '../history/entries.ts'
import type { Carrier } from './carrier.ts'
import type { Media } from './media.ts'
import type { Message } from './messages.ts'

/** What the parts of the router share. */
export interface Serving {
  carrier: Carrier
  open(operation: TwilioEntry['operation'], req: Request, res: Response): { entry: TwilioEntry; exchange: Exchange }
  /** Undefined for a request with the right credentials. */
  refusal(req: Request, entry: TwilioEntry): { status: number; body: unknown } | undefined
  missing(req: Request, entry: TwilioEntry): { status: number; body: unknown }
  /** The answer to a request that Twilio turns down. */
  refused(error: unknown, entry: TwilioEntry): { status: number; body: unknown }
  faultBody(status: number, message?: string, code?: number): unknown
}

/** Media of messages: at the api with credentials, which redirects to the content network, where nobody asks for any. */
export function serveMedia(router: Router, account: string, serving: Serving): void {
  const { carrier, open, refusal, missing, faultBody } = serving
  const serve = (operation: 'media-fetch' | 'media-content') => async (req: Request, res: Response) => {
    const { entry, exchange } = open(operation, req, res)
    const refused = operation === 'media-fetch' ? refusal(req, entry) : undefined
    if (refused) return exchange.answer(refused)
    const { message = '', media = '' } = req.params
    entry.sid = String(media)
    await exchange.run({ target: 'twilio', operation }, carrier, { faultBody }, async (delay) => {
      await delay()
      const found = carrier.messages.get(String(message))?.media.find(({ sid }) => sid === media)
      if (found === undefined) return missing(req, entry)
      const redirect = operation === 'media-fetch' ? found.redirect : loopOnly(found.redirect)
      if (redirect !== 'none') return { status: 307, headers: { Location: locationOf(req, redirect) } }
      return { status: 200, body: Buffer.alloc(found.bytes, 'media '), headers: { 'Content-Type': found.content_type } }
    })
  }
  router.get(`${account}/Messages/:message/Media.json`, async (req, res) => {
    const { entry, exchange } = open('media-list', req, res)
    const refused = refusal(req, entry)
    if (refused) return exchange.answer(refused)
    entry.sid = req.params.message
    await exchange.run({ target: 'twilio', operation: 'media-list' }, carrier, { faultBody }, async (delay) => {
      await delay()
      const message = carrier.messages.get(req.params.message)
      return message ? { status: 200, body: mediaPage(message, carrier.accountSid) } : missing(req, entry)
    })
  })
  router.delete(`${account}/Messages/:message/Media/:media.json`, async (req, res) => {
    const { entry, exchange } = open('media-delete', req, res)
    const refused = refusal(req, entry)
    if (refused) return exchange.answer(refused)
    entry.sid = req.params.media
    await exchange.run({ target: 'twilio', operation: 'media-delete' }, carrier, { faultBody }, async (delay) => {
      await delay()
      const message = carrier.messages.get(req.params.message)
      if (!message?.media.some(({ sid }) => sid === req.params.media)) return missing(req, entry)
      message.media = message.media.filter(({ sid }) => sid !== req.params.media)
      return { status: 204, effect: true }
    })
  })
  router.get(`${account}/Messages/:message/Media/:media`, serve('media-fetch'))
  router.get('/content/:message/:media', serve('media-content'))
}

/** Twilio's list of a message's files, all on one page: there are ten at most. */
function mediaPage(message: Message, accountSid: string) {
  const uri = `/2010-04-01/Accounts/${accountSid}/Messages/${message.sid}/Media`
  const { media } = message
  return {
    media_list: media.map(({ sid, content_type }) => ({
      sid,
      account_sid: accountSid,
      parent_sid: message.sid,
      content_type,
      date_created: new Date(message.dateCreated).toUTCString().replace('GMT', '+0000'),
      date_updated: new Date(message.dateUpdated).toUTCString().replace('GMT', '+0000'),
      uri: `${uri}/${sid}.json`,
    })),
    first_page_uri: `${uri}.json?PageSize=50&Page=0`,
    next_page_uri: null,
    previous_page_uri: null,
    uri: `${uri}.json`,
    page: 0,
    page_size: 50,
    start: 0,
    end: Math.max(0, media.length - 1),
  }
}

function loopOnly(redirect: Media['redirect']): 'again_and_again' | 'none' {
  return redirect === 'again_and_again' ? redirect : 'none'
}

function locationOf(req: Request, redirect: Exclude<Media['redirect'], 'none'>): string {
  const host = req.get('host') ?? ''
  // The same machine under its other name is another host to whoever compares names.
  const other = host.startsWith('localhost')
    ? host.replace('localhost', '127.0.0.1')
    : host.replace(/^[^:]*/, 'localhost')
  const { message, media } = req.params
  return `${req.protocol}://${redirect === 'other_host' ? other : host}${req.baseUrl}/content/${message}/${media}`
}
