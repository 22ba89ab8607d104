import { type Config, readUponAISignature } from '@chatlane/core'
import type { RequestHandler } from 'express'
import type { BodyBudget } from '../bodies/body-budget.ts'
import { receiveBody } from '../bodies/receive-body.ts'
import { Problem } from '../problems.ts'

/** An event may carry a chat's whole transcript. */
const MOST_BYTES = 16 * 1024 * 1024

/**
 * Reads the body as the bytes that are signed, once the signature header has the right form and a time close to now: those cost
 * a sender nothing to be right about, and us nothing to look at.
 */
export function uponaiBody(parts: { config: Pick<Config, 'uponai'>; bodies: BodyBudget }): RequestHandler {
  return async (request, response, next) => {
    const { webhookHeader } = parts.config.uponai
    if (!readUponAISignature({ header: request.headers[webhookHeader] })) throw badUponAISignature(webhookHeader)
    request.body = await receiveBody(request, response, { limit: MOST_BYTES, budget: parts.bodies })
    next()
  }
}

export const badUponAISignature = (header: string) =>
  new Problem('bad_signature', `expected ${header} to be made with the webhook key, at most 5 min ago`)
