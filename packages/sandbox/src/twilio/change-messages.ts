import type { Router } from 'express'
import { z } from 'zod'
import { TwilioRefusal } from './errors.ts'
import { type Message, messageResource } from './messages.ts'
import type { Serving } from './serve-media.ts'
import { isOver } from './status-callbacks.ts'

const changeSchema = z.object({ Body: z.literal('').optional(), Status: z.literal('canceled').optional() })

/**
 * Redacting a message (an empty body), cancelling a scheduled one, deleting one.
 * @see https://www.twilio.com/docs/messaging/api/message-resource
 */
export function changeMessages(router: Router, account: string, serving: Serving): void {
  const { carrier, open, refusal, missing, refused, faultBody } = serving
  const { messages, accountSid } = carrier

  router.post(`${account}/Messages/:sid.json`, async (req, res) => {
    const { entry, exchange } = open('message-update', req, res)
    const unauthorised = refusal(req, entry)
    if (unauthorised) return exchange.answer(unauthorised)
    entry.sid = req.params.sid
    await exchange.run({ target: 'twilio', operation: 'message-update' }, carrier, { faultBody }, async (delay) => {
      await delay()
      const message = messages.get(req.params.sid)
      if (message === undefined) return missing(req, entry)
      try {
        change(message, req.body ?? {})
      } catch (error) {
        return refused(error, entry)
      }
      message.dateUpdated = messages.now()
      return { status: 200, body: messageResource(message, accountSid), effect: true }
    })
  })

  router.delete(`${account}/Messages/:sid.json`, async (req, res) => {
    const { entry, exchange } = open('message-delete', req, res)
    const unauthorised = refusal(req, entry)
    if (unauthorised) return exchange.answer(unauthorised)
    entry.sid = req.params.sid
    await exchange.run({ target: 'twilio', operation: 'message-delete' }, carrier, { faultBody }, async (delay) => {
      await delay()
      const message = messages.get(req.params.sid)
      if (message === undefined) return missing(req, entry)
      if (!isOver(message)) return refused(inProgress(), entry)
      messages.remove(message)
      return { status: 204, effect: true }
    })
  })
}

function change(message: Message, form: unknown): void {
  const wanted = changeSchema.safeParse(form)
  if (!wanted.success) throw new TwilioRefusal(20001, "Expected an empty Body, or Status 'canceled'.")
  const { Body: body, Status: status } = wanted.data
  if (status !== undefined) {
    if (message.status !== 'scheduled') throw new TwilioRefusal(30409, 'This message cannot be canceled.')
    message.status = 'canceled'
  }
  if (body !== undefined) {
    if (!isOver(message)) throw inProgress()
    message.body = ''
  }
}

function inProgress(): TwilioRefusal {
  return new TwilioRefusal(20009, 'The message is still in progress.', 409)
}
