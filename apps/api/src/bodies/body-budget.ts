import { type Problem, unavailable } from '../problems.ts'

/** A body of more bytes than this is large, and received alone. */
const LARGE_BYTES = 1024 * 1024

/** Whoever sends a large one slower than this, bytes a second, gives the place to the next one after so long, ms. */
const LEAST_RATE = 128 * 1024
const LARGE_YIELDS_AFTER_MS = 500

export interface BodyBudgetOptions {
  /** Bodies that may be on their way in at a time. */
  mostBodies: number
  /** Bytes of these that may have arrived. */
  mostBytes: number
}

/** A body on its way in. */
export interface IncomingBody {
  /**
   * So many bytes have arrived, or are announced, in all.
   * @throws Problem `unavailable` when that is more than there is room for
   */
  grow(arrived: number, announced?: number): void
  /** It is received; a large one goes on being held. */
  received(): void
  /** Its request is over. */
  end(): void
}

interface Share {
  bodies: number
  bytes: number
}

/**
 * What this process holds of bodies that are not complete yet, whose senders nobody has verified. Bounded in bodies and bytes;
 * one address gets at most half of either. One large body is received and worked on at a time. Where there is no room, the
 * oldest makes way: a body is here within a millisecond or two, and who does not send could else keep out everybody.
 */
export class BodyBudget {
  readonly #most: BodyBudgetOptions
  readonly #addresses = new Map<string, Share>()
  /** Those on their way in, the oldest first. */
  readonly #incoming = new Set<Body>()
  readonly #all: Share = { bodies: 0, bytes: 0 }
  #large: Body | undefined

  constructor(most: BodyBudgetOptions) {
    this.#most = most
  }

  /**
   * @param cutOff called when the body has to make way for another one
   * @throws Problem `unavailable`
   */
  enter(address: string, cutOff: (problem: Problem) => void): IncomingBody {
    const { mostBodies } = this.#most
    const body: Body = { address, since: Date.now(), bytes: 0, arrived: 0, cutOff }
    this.#makeRoom(body, (all, share) => all.bodies < mostBodies && share.bodies < mostBodies / 2)
    this.#incoming.add(body)
    this.#count(body, 1, 0)
    return {
      grow: (arrived, announced = arrived) => {
        if (announced > LARGE_BYTES && this.#large !== body) this.#takeLarge(body)
        body.arrived = arrived
        // A large one is alone, and bounded by its route.
        if (this.#large === body) return
        this.#grow(body, arrived)
      },
      received: () => this.#leave(body),
      end: () => {
        this.#leave(body)
        if (this.#large === body) this.#large = undefined
      },
    }
  }

  #grow(body: Body, arrived: number): void {
    const { mostBytes } = this.#most
    const more = arrived - body.bytes
    this.#makeRoom(body, (all, share) => all.bytes + more <= mostBytes && share.bytes + more <= mostBytes / 2)
    body.bytes = arrived
    this.#count(body, 0, more)
  }

  #takeLarge(body: Body): void {
    const before = this.#large
    if (before && !(this.#incoming.has(before) && isSlow(before))) throw anotherLarge()
    if (before) this.#cutOff(before, anotherLarge())
    this.#large = body
  }

  /** Lets those go that have been on their way for longest, of the same address first, until there is room. */
  #makeRoom(body: Body, hasRoom: (all: Share, share: Share) => boolean): void {
    const fits = () => hasRoom(this.#all, this.#shareOf(body.address))
    if (fits()) return
    for (const own of [true, false]) {
      for (const other of this.#incoming) {
        if (other === body || other === this.#large || (own && other.address !== body.address)) continue
        this.#cutOff(other, tooMany())
        if (fits()) return
      }
    }
    throw tooMany()
  }

  #cutOff(body: Body, problem: Problem): void {
    this.#leave(body)
    body.cutOff(problem)
  }

  #leave(body: Body): void {
    if (this.#incoming.delete(body)) this.#count(body, -1, -body.bytes)
  }

  #count(body: Body, bodies: number, bytes: number): void {
    const share = this.#shareOf(body.address)
    for (const one of [this.#all, share]) {
      one.bodies += bodies
      one.bytes += bytes
    }
    if (share.bodies === 0) this.#addresses.delete(body.address)
    else this.#addresses.set(body.address, share)
  }

  #shareOf(address: string): Share {
    return this.#addresses.get(address) ?? { bodies: 0, bytes: 0 }
  }
}

interface Body {
  address: string
  /** When it began, ms. */
  since: number
  /** What is counted of it. */
  bytes: number
  arrived: number
  cutOff: (problem: Problem) => void
}

function isSlow({ arrived, since }: Body): boolean {
  const ms = Date.now() - since
  return ms >= LARGE_YIELDS_AFTER_MS && (arrived / ms) * 1_000 < LEAST_RATE
}

const tooMany = () => unavailable('too many bodies are being received', 'bodies')
const anotherLarge = () => unavailable('another large body is being received', 'bodies')
