import { jsonExcess, parseJson } from '@chatlane/core'
import type { RequestHandler } from 'express'
import { Problem } from '../problems.ts'
import { hasBody, type ReceiveOptions, receiveBody } from './receive-body.ts'

/** The longest text in its longest spelling (each character as two escapes of 6 bytes), and a little more. */
const MOST_BYTES = 96 * 1024

const TYPES = ['application/json', 'application/*+json']

/** Refuses what is no UTF-8, and drops a byte order mark. */
const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Reads a JSON body; without a body `request.body` stays undefined. It belongs behind the check of the credentials. */
export function jsonBody({ limit = MOST_BYTES, budget }: Partial<ReceiveOptions> = {}): RequestHandler {
  return async (request, response, next) => {
    if (hasBody(request)) {
      if (!request.is(TYPES) || !isUtf8(request.get('content-type')))
        throw new Problem('unsupported_type', 'expected application/json in UTF-8')
      const body = await receiveBody(request, response, { limit, budget })
      if (body.length > 0) request.body = objectIn(body)
    }
    next()
  }
}

function isUtf8(type = ''): boolean {
  const charset = /;\s*charset="?([^\s;"]*)/i.exec(type)?.[1]
  return charset === undefined || /^(utf-?8|us-ascii)$/i.test(charset)
}

/** @throws Problem `malformed_body`, `invalid_request` */
function objectIn(body: Buffer): object {
  const text = decode(body)
  const excess = jsonExcess(text)
  if (excess !== undefined) throw new Problem('invalid_request', excess)
  const value = parseText(text)
  if (typeof value !== 'object' || value === null) throw new Problem('malformed_body', 'expected a JSON object')
  return value
}

function decode(body: Buffer): string {
  try {
    return utf8.decode(body)
  } catch {
    throw new Problem('malformed_body', 'expected UTF-8')
  }
}

function parseText(text: string): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    if (error instanceof RangeError) throw new Problem('invalid_request', error.message)
    throw new Problem('malformed_body', 'expected valid JSON')
  }
}
