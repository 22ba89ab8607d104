import express, { type Request, type RequestHandler } from 'express'
import { Problem } from './problems.ts'

/** The longest text in its longest spelling (each character as two escapes of 6 bytes), and a little more. */
const LIMIT = '96kb'

const TYPES = ['application/json', 'application/*+json']

/** Reads a JSON body; without a body `request.body` stays undefined. */
export function jsonBody(): RequestHandler {
  const read = express.json({ limit: LIMIT, type: TYPES })
  return (request, response, next) => {
    if (hasBody(request) && !request.is(TYPES)) throw new Problem('unsupported_type', 'expected application/json')
    read(request, response, next)
  }
}

function hasBody({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}
