import { createParser } from 'eventsource-parser'

interface Received {
  event?: string | undefined
  id?: string | undefined
  data: unknown
}

/** A client of an event stream. */
export interface EventReader {
  status: number
  headers: Headers
  events: Received[]
  comments: string[]
  /** Resolves when the condition holds; it is looked at whenever something came. */
  until(condition: () => boolean): Promise<void>
  /** Resolves when the other side ended the stream. */
  ended: Promise<void>
  close(): void
}

export async function readEvents(url: string, headers: Record<string, string> = {}): Promise<EventReader> {
  const abort = new AbortController()
  const response = await fetch(url, { headers, signal: abort.signal })
  const events: Received[] = []
  const comments: string[] = []
  const waiting = new Set<() => void>()
  const parser = createParser({
    onEvent: ({ event, id, data }) => void events.push({ event, id, data: JSON.parse(data) }),
    onComment: (comment) => void comments.push(comment),
  })
  const read = async () => {
    const decoder = new TextDecoder()
    for await (const chunk of response.body ?? []) {
      parser.feed(decoder.decode(chunk, { stream: true }))
      for (const look of waiting) look()
    }
  }
  const ended = read().catch((error: unknown) => {
    if (!abort.signal.aborted) throw error
  })
  return {
    status: response.status,
    headers: response.headers,
    events,
    comments,
    ended,
    close: () => abort.abort(),
    until: (condition) =>
      new Promise((resolve) => {
        const look = () => {
          if (!condition()) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
  }
}
