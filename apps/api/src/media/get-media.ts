import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { leave, type MediaContent, MediaError, type MediaSource } from '@chatlane/core'
import type { RequestHandler } from 'express'
import { clientAddress } from '../limits/client-address.ts'
import { Problem } from '../problems.ts'
import type { ApiMedia } from './api-media.ts'
import type { MediaReader } from './media-readers.ts'

/** WhatsApp's limit, the largest of Twilio's channels. */
const MOST_BYTES = 16 * 1024 * 1024

/** For the whole file, also to a slow reader. */
const WITHIN_MS = 60_000

/** Types that a browser shows without running anything. The rest, SVG and HTML first of all, is for saving. */
const SHOWN = /^(image\/(jpeg|png|gif|webp|bmp|heic|heif)|audio\/[\w.+-]+|video\/[\w.+-]+)$/

/** Kept under its name, but saved: Chrome shows no PDF that is sandboxed. */
const PDF = 'application/pdf'

interface Parts {
  /** Absent: there is no Twilio here. */
  media: ApiMedia | undefined
}

/** `GET /media/{token}`: a file that someone sent, read from Twilio as it is asked for. */
export function getMedia({ media }: Parts): RequestHandler {
  return async (request, response) => {
    if (!media) throw new Problem('not_set_up', 'there is no SMS here: TWILIO_ACCOUNT_SID is not set')
    const opens = await media.tokens.open(String(request.params.token))
    if (opens === 'expired') throw new Problem('gone', 'expected a link of the last 24 hours')
    if (opens?.accountSid !== media.accountSid) throw new Problem('not_found', 'expected a link to a file of a message')
    const over = new AbortController()
    const link = `${opens.messageSid}/${opens.mediaSid}`
    const reader = media.readers.enter(link, clientAddress(request), () => over.abort())
    response.once('close', () => {
      over.abort()
      reader.left()
    })
    const signal = AbortSignal.any([over.signal, AbortSignal.timeout(WITHIN_MS)])
    const content = await open(media.source, opens, signal)
    response.set(headersOf(content))
    if (request.method === 'HEAD') {
      leave(content.body)
      response.end()
      return
    }
    try {
      await pipeline(content.body, atMost(MOST_BYTES, reader), response, { signal })
    } catch {
      // The reader left or took nothing, Twilio broke off, or the file is too long: what was sent is marked as incomplete.
      response.destroy()
    }
  }
}

/** @throws Problem */
async function open(
  source: MediaSource,
  sids: Parameters<MediaSource['open']>[0],
  signal: AbortSignal,
): Promise<MediaContent> {
  try {
    const content = await source.open(sids, signal)
    if ((content.size ?? 0) <= MOST_BYTES) return content
    leave(content.body)
    throw new Problem('too_large', `expected a file of at most ${MOST_BYTES} bytes`)
  } catch (error) {
    if (error instanceof MediaError && error.why === 'gone') throw new Problem('gone', error.message)
    if (error instanceof MediaError) throw new Problem('bad_gateway', error.message)
    if (signal.aborted) throw new Problem('bad_gateway', 'Twilio did not give the file in time')
    throw error
  }
}

function headersOf({ type, size }: MediaContent): Record<string, string> {
  const shown = SHOWN.test(type)
  const name = type === PDF ? 'file.pdf' : 'file'
  return {
    'Content-Type': shown || type === PDF ? type : 'application/octet-stream',
    'Content-Disposition': shown ? 'inline' : `attachment; filename="${name}"`,
    ...(size !== undefined && { 'Content-Length': String(size) }),
    'Cache-Control': 'private, max-age=3600',
    'Content-Security-Policy': "default-src 'none'; sandbox",
    'X-Content-Type-Options': 'nosniff',
    // The link is the permission: pages of other origins may show it.
    'Cross-Origin-Resource-Policy': 'cross-origin',
  }
}

/** Passes on what it is given, tells of what was taken, and fails when it becomes too much. */
function atMost(bytes: number, reader: MediaReader) {
  return async function* (chunks: Readable): AsyncGenerator<Buffer> {
    let passed = 0
    for await (const chunk of chunks) {
      passed += chunk.length
      if (passed > bytes) throw new Error('the file is too long')
      yield chunk
      reader.progressed()
    }
  }
}
