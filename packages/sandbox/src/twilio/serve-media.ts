import type { Request, Response, Router } from 'express'
import type { Exchange } from '../exchange.ts'
import type { TwilioEntry } from '../history/entries.ts'
import type { Carrier } from './carrier.ts'
import type { Media } from './media.ts'

interface Serving {
  carrier: Carrier
  open(operation: TwilioEntry['operation'], req: Request, res: Response): { entry: TwilioEntry; exchange: Exchange }
  /** Undefined for a request with the right credentials. */
  refusal(req: Request, entry: TwilioEntry): { status: number; body: unknown } | undefined
  missing(req: Request, entry: TwilioEntry): { status: number; body: unknown }
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
  router.get(`${account}/Messages/:message/Media/:media`, serve('media-fetch'))
  router.get('/content/:message/:media', serve('media-content'))
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
