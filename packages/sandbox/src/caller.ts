import { Agent, request } from 'undici'
import type { SentEntry } from './history/entries.ts'

interface CallAnswer {
  status: number
  contentType: string
  text: string
}

/** Posts to the api and fills in the history entry; undefined when there was no answer (the entry says why). */
export type Post = (
  entry: SentEntry,
  url: string,
  headers: Record<string, string>,
  body: string,
  timeoutMs: number,
) => Promise<CallAnswer | undefined>

/** The sandbox's own way out: keep-alive connections, no redirects followed, nothing repeated by itself. */
export function openCaller(): { post: Post; close: () => Promise<void> } {
  const agent = new Agent({ connections: 256, pipelining: 1, connect: { timeout: 5_000 } })
  const post: Post = async (entry, url, headers, body, timeoutMs) => {
    try {
      const signal = AbortSignal.timeout(timeoutMs)
      const response = await request(url, { method: 'POST', headers, body, dispatcher: agent, signal })
      const text = await response.body.text()
      entry.status = response.statusCode
      entry.outcome = 'answered'
      return { status: response.statusCode, contentType: String(response.headers['content-type'] ?? ''), text }
    } catch (error) {
      entry.error = reasonOf(error)
      entry.outcome = 'dropped'
      return undefined
    } finally {
      entry.answered_at = Date.now()
    }
  }
  return { post, close: () => agent.destroy() }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
