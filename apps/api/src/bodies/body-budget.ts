import { type Problem, unavailable } from '../problems.ts'

/** A body of more bytes than this is large, and received alone. */
const LARGE_BYTES = 1024 * 1024

/** Whoever sends a large one slower than this, bytes a second, gives the place to the next one after so long, ms. */
const LEAST_RATE = 128 * 1024
const YIELDS_AFTER_MS = 500

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

/**
 * What this process holds of bodies that are not complete yet, whose senders nobody has verified. Bounded in bodies and bytes;
 * one address gets at most half of either, so that it cannot keep out everybody else. One large body is received and worked
 * on at a time, and one that hardly comes makes way for another.
 */
export class BodyBudget {
  readonly #most: BodyBudgetOptions
  readonly #addresses = new Map<string, { bodies: number; bytes: number }>()
  #bodies = 0
  #bytes = 0
  #large: Large | undefined

  constructor(most: BodyBudgetOptions) {
    this.#most = most
  }

  /**
   * @param cutOff called when the body has to make way for another one
   * @throws Problem `unavailable`
   */
  enter(address: string, cutOff: (problem: Problem) => void): IncomingBody {
    const share = this.#addresses.get(address) ?? { bodies: 0, bytes: 0 }
    if (this.#bodies >= this.#most.mostBodies || share.bodies >= this.#most.mostBodies / 2) throw tooMany()
    this.#addresses.set(address, share)
    this.#bodies++
    share.bodies++
    let bytes = 0
    let incoming = true
    let large: Large | undefined
    const received = () => {
      if (!incoming) return
      incoming = false
      this.#bodies--
      this.#bytes -= bytes
      share.bodies--
      share.bytes -= bytes
      if (share.bodies === 0) this.#addresses.delete(address)
    }
    return {
      grow: (arrived, announced = arrived) => {
        if (announced > LARGE_BYTES && !large) {
          if (this.#large && !isStalled(this.#large)) throw anotherLarge()
          this.#large?.cutOff(anotherLarge())
          large = { arrived, since: Date.now(), incoming: () => incoming, cutOff }
          this.#large = large
        }
        if (large) large.arrived = arrived
        // A large one is alone, and bounded by its route.
        const more = large ? 0 : arrived - bytes
        if (this.#bytes + more > this.#most.mostBytes || share.bytes + more > this.#most.mostBytes / 2) throw tooMany()
        bytes += more
        share.bytes += more
        this.#bytes += more
      },
      received,
      end: () => {
        received()
        if (large === this.#large) this.#large = undefined
        large = undefined
      },
    }
  }
}

const tooMany = () => unavailable('too many bodies are being received', 'bodies')

interface Large {
  arrived: number
  /** When it began, ms. */
  since: number
  /** It is not complete. */
  incoming: () => boolean
  cutOff: (problem: Problem) => void
}

function isStalled({ arrived, since, incoming }: Large): boolean {
  const ms = Date.now() - since
  return incoming() && ms >= YIELDS_AFTER_MS && (arrived / ms) * 1_000 < LEAST_RATE
}

const anotherLarge = () => unavailable('another large body is being received', 'bodies')
