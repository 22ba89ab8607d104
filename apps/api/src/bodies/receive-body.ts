import type { Request, Response } from 'express'
import { clientAddress } from '../limits/client-address.ts'
import { Problem } from '../problems.ts'
import type { BodyBudget } from './body-budget.ts'

export interface ReceiveOptions {
  /** Bytes. */
  limit: number
  /** Absent: whoever sends it is trusted with memory. */
  budget?: BodyBudget | undefined
}

/**
 * The bytes of a request's body; empty when there is none. A refusal does not wait for the rest of the body. How long it may
 * take is the listener's to bound.
 * @throws Problem `too_large`, `unsupported_type` (it is compressed), `unavailable`
 */
export async function receiveBody(
  request: Request,
  response: Response,
  { limit, budget }: ReceiveOptions,
): Promise<Buffer> {
  const encoding = request.headers['content-encoding']
  // What inflates costs more than it weighs, and nobody who sends to us compresses.
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw new Problem('unsupported_type', 'expected a body without Content-Encoding')
  if (!hasBody(request)) return Buffer.alloc(0)
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > limit) throw tooLarge(limit)
  const reading: Reading = {}
  const incoming = budget?.enter(clientAddress(request), (problem) => reading.end?.(problem))
  if (incoming) response.once('close', incoming.end)
  incoming?.grow(0, announced)
  const check = (arrived: number) => {
    if (arrived > limit) throw tooLarge(limit)
    incoming?.grow(arrived, Math.max(arrived, announced))
  }
  try {
    return await readAll(request, check, reading)
  } finally {
    incoming?.received()
  }
}

export function hasBody({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** A body that is being read. */
interface Reading {
  /** Ends it. */
  end?: (why: Problem) => void
}

/** @param check throws when no more is wanted */
function readAll(request: Request, check: (arrived: number) => void, reading: Reading): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let arrived = 0
    const settle = () => {
      request.off('data', onData).off('end', onEnd).off('close', onClose)
      delete reading.end
    }
    const fail = (error: unknown) => {
      settle()
      // What still comes is dropped.
      request.resume()
      reject(error)
    }
    const onData = (chunk: Buffer) => {
      arrived += chunk.length
      try {
        check(arrived)
        chunks.push(chunk)
      } catch (error) {
        fail(error)
      }
    }
    const onEnd = () => {
      settle()
      resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, arrived))
    }
    const onClose = () => fail(new Problem('malformed_body', 'expected the whole body'))
    reading.end = fail
    request.on('data', onData).once('end', onEnd).once('close', onClose)
  })
}

const tooLarge = (limit: number) => new Problem('too_large', `expected a body of at most ${limit} bytes`)
