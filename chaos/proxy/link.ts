import type { Socket } from 'node:net'

/** How long a chunk is held back, ms; undefined: not at all. */
export type Hold = (() => number) | undefined

/** Two ends of one connection, with us in the middle. */
export interface Link {
  /** From now on both sides' bytes are thrown away; nobody is told but `onPiece`, of each piece. */
  swallow(onPiece: () => void): void
  /** Ends both sides with a TCP reset. */
  reset(): void
}

/**
 * Joins two sockets. When either side is gone the other is gone too, and what is held back at that moment is dropped: bytes
 * of somebody who has given up never arrive late.
 */
export function join(client: Socket, upstream: Socket, hold: () => Hold, onClose: (link: Link) => void): Link {
  let swallow: (() => void) | undefined
  let resetting = false
  const toUpstream = new Direction(client, upstream, { hold, swallow: () => swallow, looksTwice: true })
  const toClient = new Direction(upstream, client, { hold, swallow: () => swallow, looksTwice: false })
  const over = (ended: Socket, other: Socket) => () => {
    toUpstream.drop()
    toClient.drop()
    // Node loses hold of a socket that is destroyed while it is about to be reset.
    if (resetting) return
    ended.destroy()
    // What was passed on before still gets to its reader; a request of a caller who left does not.
    if (other === client) other.destroySoon()
    else other.destroy()
  }
  const link: Link = {
    swallow: (onPiece) => {
      swallow = onPiece
      toUpstream.drop()
      toClient.drop()
    },
    reset: () => {
      if (resetting) return
      resetting = true
      for (const socket of [client, upstream]) {
        if (socket.writableEnded) socket.destroy()
        else socket.resetAndDestroy()
      }
    },
  }
  for (const [one, other] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    one.setNoDelay(true)
    // Told by 'close'.
    one.on('error', () => {})
    one.once('end', over(one, other))
    one.once('close', over(one, other))
  }
  client.once('close', () => onClose(link))
  return link
}

interface Way {
  hold: () => Hold
  /** Told of each piece instead of its being passed on; undefined: all is passed on. */
  swallow: () => (() => void) | undefined
  /**
   * A piece is passed on when its sender is still there at the next look at the sockets. When this process did not run for a
   * while, both a request and its sender's leaving wait to be read.
   */
  looksTwice: boolean
}

/** One way of a link. Bytes stay in order, whatever each chunk is held back for. */
class Direction {
  readonly #from: Socket
  readonly #to: Socket
  #held: { chunk: Buffer; at: number }[] = []
  #timer: NodeJS.Timeout | undefined
  #looking: NodeJS.Immediate | undefined

  constructor(from: Socket, to: Socket, way: Way) {
    this.#from = from
    this.#to = to
    to.on('drain', () => from.resume())
    from.on('data', (chunk: Buffer) => {
      const swallow = way.swallow()
      if (swallow) return swallow()
      const ms = way.hold()?.() ?? 0
      if (ms === 0 && this.#held.length === 0 && !way.looksTwice) return this.#pass(chunk)
      const last = this.#held.at(-1)?.at ?? 0
      this.#held.push({ chunk, at: Math.max(last, Date.now() + ms) })
      if (this.#timer === undefined) this.#looking ??= setImmediate(() => setImmediate(() => this.#release()))
    })
  }

  drop(): void {
    this.#held = []
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #release(): void {
    this.#timer = undefined
    this.#looking = undefined
    const now = Date.now()
    const due = this.#held.filter(({ at }) => at <= now)
    this.#held = this.#held.slice(due.length)
    for (const { chunk } of due) this.#pass(chunk)
    const [next] = this.#held
    if (next) this.#timer = setTimeout(() => this.#release(), next.at - now)
  }

  #pass(chunk: Buffer): void {
    if (this.#to.writable && !this.#to.write(chunk)) this.#from.pause()
  }
}
