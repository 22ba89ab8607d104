import { ChatlaneError } from '@chatlane/core'
import type { Response } from 'express'
import { Problem } from '../problems.ts'

/** For all that one request asks of UponAI, however many requests of ours that takes. */
const WITHIN_MS = 60_000

/** Asks UponAI for as long as somebody waits for the answer, and at most {@link WITHIN_MS}. What it refuses, and that it is away, is a problem of the request. */
export async function askUponAI<T>(
  response: Response,
  ask: (options: { signal: AbortSignal }) => Promise<T>,
  withinMs = WITHIN_MS,
): Promise<T> {
  const left = new AbortController()
  response.once('close', () => left.abort())
  try {
    return await ask({ signal: AbortSignal.any([left.signal, AbortSignal.timeout(withinMs)]) })
  } catch (error) {
    throw error instanceof ChatlaneError ? problemOf(error) : error
  }
}

function problemOf(error: ChatlaneError): Problem {
  const { code, handling, retryAfterMs, status } = error
  if (code === 'UPONAI_CHAT_GONE' || code === 'UPONAI_INVALID_REQUEST') {
    return new Problem('not_found', 'UponAI has no chat with this id under our key')
  }
  if (code === 'UPONAI_REDIRECTED') return new Problem('bad_gateway', `${error.message}: UPONAI_BASE_URL`)
  if (handling === 'credentials') {
    const detail = `UponAI refuses our credentials (${status}): UPONAI_API_KEY, UPONAI_WORKSPACE_ID`
    return new Problem('bad_gateway', detail)
  }
  if (handling === 'unclear') {
    return new Problem('bad_gateway', `${error.message}: it may have been done all the same, look before you ask again`)
  }
  if (handling === 'permanent' || code === 'UPONAI_BAD_ANSWER') return new Problem('bad_gateway', error.message)
  const retryAfter = Math.max(1, Math.ceil((retryAfterMs ?? 1_000) / 1_000))
  return new Problem('unavailable', error.message, { retryAfter })
}
