import { type ErrorRequestHandler, type Request, type Response, Router, urlencoded } from 'express'
import { Exchange } from '../exchange.ts'
import type { TwilioEntry } from '../history/entries.ts'
import type { Settings } from '../settings.ts'
import type { Carrier } from './carrier.ts'
import { changeMessages } from './change-messages.ts'
import { failureOf } from './delivery-failures.ts'
import { TwilioRefusal, twilioErrorBody, usualCode } from './errors.ts'
import { pageOf, parseListQuery } from './message-list.ts'
import { checkMessage, createFormSchema } from './message-rules.ts'
import { messageResource } from './messages.ts'
import { followScheduled } from './scheduled.ts'
import { type Serving, serveMedia } from './serve-media.ts'
import { followMessage } from './status-callbacks.ts'

/** Twilio's REST API for messages; `client.api.baseUrl` points here. */
export function twilioRouter(carrier: Carrier): Router {
  const { accountSid, messages, settings } = carrier
  const router = Router()
  router.use(urlencoded({ extended: false, limit: '1mb' }))
  router.use((_req, res, next) => {
    res.set('Date', new Date(messages.now()).toUTCString())
    next()
  })
  const account = `/2010-04-01/Accounts/${accountSid}`

  router.post(`${account}/Messages.json`, async (req, res) => {
    const { entry, exchange, refuse } = open(carrier, 'message-create', req, res)
    if (!isAuthorised(req, carrier)) return refuse(unauthorised())
    const form = createFormSchema.safeParse(req.body ?? {})
    if (!form.success) return refuse(new TwilioRefusal(20001, 'A parameter was given more than once.'))
    entry.to = form.data.To ?? null
    entry.from = form.data.From ?? null
    entry.messaging_service_sid = form.data.MessagingServiceSid ?? null
    entry.body = form.data.Body ?? null
    entry.status_callback = form.data.StatusCallback ?? null
    if (form.data.ContentSid) entry.content_sid = form.data.ContentSid
    if (form.data.ContentVariables) entry.content_variables = form.data.ContentVariables
    const facts = { target: 'twilio' as const, operation: 'message-create' as const }
    const matched = { to: form.data.To, from: form.data.From, text: form.data.Body }
    await exchange.run({ ...facts, ...matched }, carrier, { faultBody }, async (delay) => {
      try {
        const wanted = checkMessage(form.data, settings, carrier.optOuts, messages.now())
        const { to, from, body, isTemplate, messagingServiceSid, mediaUrls, statusCallback, sendAt } = wanted
        const place = sendAt !== null ? 0 : carrier.throughput.take(from ?? messagingServiceSid ?? '', wanted, settings)
        if (place === 'full' && messagingServiceSid === null)
          throw new TwilioRefusal(
            21611,
            `The 'From' number ${from} has exceeded the maximum number of queued messages.`,
          )
        const taken = messagingServiceSid === null ? 'queued' : 'accepted'
        const status = sendAt === null ? taken : 'scheduled'
        const numMedia = mediaUrls.length
        entry.media_urls = mediaUrls
        const message = messages.add({
          direction: 'outbound-api',
          from,
          to,
          body: keptText(body, settings),
          status,
          numMedia,
          messagingServiceSid,
        })
        entry.sid = message.sid
        const resource = messageResource(message, accountSid)
        const way =
          place === 'full'
            ? { waitMs: 0, failure: { status: 'failed' as const, code: 30001 } }
            : { waitMs: place, failure: failureOf(carrier, message, isTemplate) }
        if (sendAt === null) void followMessage(carrier, message, statusCallback, way)
        else void followScheduled(carrier, message, { sendAt, statusCallback, failure: way.failure })
        await delay()
        return { status: 201, body: resource, effect: true }
      } catch (error) {
        return refusalAnswer(error, entry)
      }
    })
  })

  router.get(`${account}/Messages.json`, async (req, res) => {
    const { entry, exchange, refuse } = open(carrier, 'message-list', req, res)
    if (!isAuthorised(req, carrier)) return refuse(unauthorised())
    const query = parseListQuery(req.query)
    if (!query.success) return refuse(new TwilioRefusal(20001, query.problem))
    entry.to = query.data.filter.to ?? null
    entry.from = query.data.filter.from ?? null
    const facts = { target: 'twilio' as const, operation: 'message-list' as const, ...query.data.filter }
    await exchange.run(facts, carrier, { faultBody }, async (delay) => {
      await delay()
      return { status: 200, body: pageOf(messages, query.data, accountSid) }
    })
  })

  router.get(`${account}/Messages/:sid.json`, async (req, res) => {
    const { entry, exchange, refuse } = open(carrier, 'message-fetch', req, res)
    if (!isAuthorised(req, carrier)) return refuse(unauthorised())
    entry.sid = req.params.sid
    const facts = { target: 'twilio' as const, operation: 'message-fetch' as const }
    await exchange.run(facts, carrier, { faultBody }, async (delay) => {
      await delay()
      const message = messages.get(req.params.sid)
      if (message === undefined) return refusalAnswer(notFound(req), entry)
      return { status: 200, body: messageResource(message, accountSid) }
    })
  })

  const serving = {
    carrier,
    open: (operation: TwilioEntry['operation'], req: Request, res: Response) => open(carrier, operation, req, res),
    refusal: (req: Request, entry: TwilioEntry) =>
      isAuthorised(req, carrier) ? undefined : refusalAnswer(unauthorised(), entry),
    missing: (req: Request, entry: TwilioEntry) => refusalAnswer(notFound(req), entry),
    refused: refusalAnswer,
    faultBody,
  } satisfies Serving
  changeMessages(router, account, serving)
  serveMedia(router, account, serving)

  router.use((req, res) => {
    const { refuse } = open(carrier, 'unknown', req, res)
    refuse(isAuthorised(req, carrier) ? notFound(req) : unauthorised())
  })
  const unreadable: ErrorRequestHandler = (error, req, res, next) => {
    const status: unknown = error?.status
    if (typeof status !== 'number' || status >= 500) return next(error)
    open(carrier, 'unknown', req, res).refuse(new TwilioRefusal(20001, 'Unreadable request body.', status))
  }
  router.use(unreadable)
  return router
}

function keptText(body: string, { texts_kept: kept }: Settings): string {
  if (kept === 'trial') return `Sent from your Twilio trial account - ${body}`
  return kept === 'smart_encoded' ? body.replace(/[‘’]/g, "'").replace(/[“”]/g, '"') : body
}

function open(carrier: Carrier, operation: TwilioEntry['operation'], req: Request, res: Response) {
  const entry: TwilioEntry = {
    kind: 'twilio',
    ...carrier.history.begin(),
    operation,
    sid: null,
    to: null,
    from: null,
    messaging_service_sid: null,
    body: null,
    media_urls: [],
    status_callback: null,
    credentials: req.get('authorization') !== undefined,
    code: null,
    effect: false,
    fault: null,
    delay_ms: 0,
    ...(operation === 'unknown' ? { path: `${req.method} ${req.path}` } : {}),
  }
  carrier.history.add(entry)
  const exchange = new Exchange(entry, res)
  const refuse = (refusal: TwilioRefusal) => exchange.answer(refusalAnswer(refusal, entry))
  return { entry, exchange, refuse }
}

function isAuthorised(req: Request, { accountSid, authToken, apiKey }: Carrier): boolean {
  const given = req.get('authorization')
  const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
  return given === basic(accountSid, authToken) || (apiKey !== undefined && given === basic(apiKey.sid, apiKey.secret))
}

function unauthorised(): TwilioRefusal {
  return new TwilioRefusal(20003, 'Authenticate', 401)
}

function notFound(req: Request): TwilioRefusal {
  return new TwilioRefusal(20404, `The requested resource ${req.path} was not found`, 404)
}

function faultBody(status: number, message = `Injected fault: ${status}`, code = usualCode(status)) {
  return twilioErrorBody(status, code, message)
}

function refusalAnswer(error: unknown, entry: TwilioEntry) {
  if (!(error instanceof TwilioRefusal)) throw error
  entry.code = error.code
  return { status: error.status, body: twilioErrorBody(error.status, error.code, error.message) }
}
