import type { AcceptanceFrom, ApiMetrics, Channel } from '@chatlane/core'
import type { RequestHandler, Response } from 'express'

type Channels = Channel | 'unknown'

const channels = new WeakMap<Response, Channels>()
const counted = new WeakSet<Response>()

/** Notes on which channel a request brings a message, once that is known. */
export function bringsMessage(response: Response, channel: Channel): void {
  channels.set(response, channel)
}

/** Counts what became of the message that a request brought. */
export function countMessage(response: Response, metrics: ApiMetrics, outcome: AcceptanceFrom['status']): void {
  counted.add(response)
  metrics.message(channels.get(response) ?? 'unknown', outcome)
}

/** Counts the messages that were answered 503: those fail wherever Redis was asked, often before the channel was known. */
export function countUnavailable(metrics: ApiMetrics): RequestHandler {
  return (_request, response, next) => {
    response.once('close', () => {
      if (response.statusCode !== 503 || counted.has(response)) return
      metrics.message(channels.get(response) ?? 'unknown', 'unavailable')
    })
    next()
  }
}
