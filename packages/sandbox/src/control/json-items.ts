import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Response } from 'express'

const perChunk = 500

/** Answers `{"items": […], …rest}` piece by piece, so that a long list neither blocks the process nor fills its memory. */
export async function sendItems<T>(
  res: Response,
  items: readonly T[],
  shown: (item: T) => unknown,
  rest: Record<string, unknown>,
): Promise<void> {
  res.type('application/json')
  const chunks = Readable.from(jsonChunks(items, shown, rest))
  await pipeline(chunks, res).catch((error: unknown) => {
    // The reader left early: nobody is there to be told.
    if (!res.destroyed) throw error
  })
}

function* jsonChunks<T>(items: readonly T[], shown: (item: T) => unknown, rest: Record<string, unknown>) {
  yield '{"items":['
  for (let start = 0; start < items.length; start += perChunk) {
    const chunk = items.slice(start, start + perChunk).map((item) => JSON.stringify(shown(item)))
    yield (start === 0 ? '' : ',') + chunk.join(',')
  }
  yield `],${JSON.stringify(rest).slice(1)}`
}
