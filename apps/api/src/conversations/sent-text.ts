import { CHANNELS } from '@chatlane/core'
import type { Request } from 'express'
import { z } from 'zod'
import { invalid, parse } from '../parse.ts'
import { Problem } from '../problems.ts'

const LONGEST_TEXT = CHANNELS.web.mostCharacters

const id = z.string().min(1).max(255)

/** The fields of a request that sends a text. */
export const textFields = {
  text: z.string().refine((text) => text.trim() !== '', 'expected a text that is not blank'),
  client_message_id: id.optional(),
}

const body = z.object(textFields, {
  error: ({ code }) => (code === 'invalid_type' ? 'expected a JSON object with text' : undefined),
})

/**
 * The text that a request sends, and the sender's id for it, by which a repeat is known.
 * @throws Problem `invalid_request`, `too_large`
 */
export function readText(request: Request): { text: string; key?: string } {
  const { text, client_message_id: clientMessageId } = parse(body, request.body)
  const key = sendersId(request, clientMessageId)
  requireFitting(text)
  return { text, ...(key !== undefined && { key }) }
}

/** @throws Problem `too_large` */
export function requireFitting(text: string): void {
  if (lengthOf(text) > LONGEST_TEXT)
    throw new Problem('too_large', `expected a text of at most ${LONGEST_TEXT} characters`)
}

/** The sender's id, from the header or from the body. @throws Problem `invalid_request` */
export function sendersId(request: Request, clientMessageId: string | undefined): string | undefined {
  const header = request.get('idempotency-key')
  if (header !== undefined && !id.safeParse(header).success)
    throw invalid('Idempotency-Key', 'expected 1 to 255 characters')
  if (header !== undefined && clientMessageId !== undefined && header !== clientMessageId)
    throw invalid('client_message_id', 'expected the same as the header Idempotency-Key, or only one of the two')
  return header ?? clientMessageId
}

/** In characters as people count them, near enough: an emoji is one or a few, never cut in halves. */
function lengthOf(text: string): number {
  return text.length <= LONGEST_TEXT ? text.length : [...text].length
}
