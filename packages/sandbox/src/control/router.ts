import { type ErrorRequestHandler, json, type Response, Router } from 'express'
import { z } from 'zod'
import { faultPlanSchema } from '../faults/rules.ts'
import { historyKinds } from '../history/entries.ts'
import { settingsChangeSchema } from '../settings.ts'
import type { Carrier } from '../twilio/carrier.ts'
import { inboundSmsSchema, sendInboundSms } from '../twilio/inbound-sms.ts'
import type { Upstream } from '../uponai/upstream.ts'
import { sendItems } from './json-items.ts'
import { trueChat } from './true-chat.ts'

const whole = z.coerce.number().pipe(z.int().min(0))

const historyQuery = z.strictObject({
  after: whole.default(0),
  kind: z.enum(historyKinds).optional(),
  limit: whole.default(Number.MAX_SAFE_INTEGER),
})

const chatsQuery = z.strictObject({
  status: z.enum(['ongoing', 'ended']).optional(),
  agent: z.string().optional(),
})

/** `/_sandbox`: the true history, and what the sandbox is told to do. */
export function controlRouter(upstream: Upstream, carrier: Carrier, reset: () => void): Router {
  const { history, faults, chats, script, settings } = upstream
  const router = Router()
  router.use(json({ limit: '10mb' }))

  router.get('/history', async (req, res) => {
    const { after, kind, limit } = historyQuery.parse(req.query)
    const items = history.since(after, kind, limit)
    const rest = { next: items.at(-1)?.seq ?? after, last: history.last, dropped: history.dropped }
    await sendItems(res, items, (entry) => entry, rest)
  })

  router.get('/chats', async (req, res) => {
    const { status, agent } = chatsQuery.parse(req.query)
    const wanted = chats.all.filter((chat) => {
      return (status === undefined || chat.status === status) && (agent === undefined || chat.agentId === agent)
    })
    await sendItems(res, wanted, trueChat, { total: chats.all.length })
  })
  router.get('/chats/:id', (req, res) => {
    const chat = chats.get(req.params.id)
    if (chat === undefined) problem(res, 404, `No chat ${req.params.id}`)
    else res.json(trueChat(chat))
  })
  router.post('/chats/:id/end', (req, res) => {
    const chat = chats.get(req.params.id)
    if (chat === undefined) return problem(res, 404, `No chat ${req.params.id}`)
    const ended = chats.end(chat, 'sandbox')
    res.json({ ended, ...trueChat(chat) })
  })

  router.get('/faults', (_req, res) => void res.json(faults.view()))
  router.post('/faults', (req, res) => {
    faults.set(faultPlanSchema.parse(req.body))
    res.json(faults.view())
  })
  router.delete('/faults', (_req, res) => {
    faults.clear()
    res.json(faults.view())
  })

  router.get('/script', (_req, res) => void res.json(script.view()))
  router.post('/script', (req, res) => {
    script.set(req.body)
    res.json(script.view())
  })
  router.delete('/script', (_req, res) => {
    script.set({})
    res.json(script.view())
  })

  router.get('/settings', (_req, res) => void res.json(settings))
  router.post('/settings', (req, res) => {
    Object.assign(settings, settingsChangeSchema.parse(req.body))
    res.json(settings)
  })

  router.post('/sms', async (req, res) => {
    const result = await sendInboundSms(carrier, inboundSmsSchema.parse(req.body))
    res.status(result.status === null ? 502 : 200).json(result)
  })

  router.post('/reset', (_req, res) => {
    reset()
    res.status(204).end()
  })

  router.use((req, res) => problem(res, 404, `No such endpoint: ${req.method} /_sandbox${req.path}`))
  const refused: ErrorRequestHandler = (error, _req, res, next) => {
    if (error instanceof z.ZodError) {
      const errors = error.issues.map(({ path, message }) => ({ path: path.join('.'), message }))
      const detail = errors.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ')
      return problem(res, 400, detail, errors)
    }
    const status: unknown = error?.status
    if (typeof status !== 'number' || status >= 500) return next(error)
    problem(res, status, `Unreadable request body: ${error.type}`)
  }
  router.use(refused)
  return router
}

function problem(res: Response, status: number, detail: string, errors?: { path: string; message: string }[]): void {
  const title = status === 404 ? 'Not found' : 'Bad request'
  res.status(status).type('application/problem+json').json({ type: 'about:blank', title, status, detail, errors })
}
