import { unavailable } from '../problems.ts'

/** Files in transit through this process; each may hold a connection to Twilio. */
const MOST = 40
const MOST_OF_ONE_LINK = 20
const MOST_OF_ONE_ADDRESS = 20

/** Without progress for so long a reader gives its place to somebody who waits for one. */
const YIELDS_AFTER_MS = 2_000

/** Without progress for so long a reader is cut off. */
const CUT_OFF_AFTER_MS = 10_000

/** A file on its way to somebody. */
export interface MediaReader {
  /** A part of it was taken. */
  progressed(): void
  left(): void
}

interface Place {
  link: string
  address: string
  progressedAt: number
  cutOff: () => void
}

/**
 * Who reads files at the moment. Places are for those who read: whoever takes nothing loses its place, sooner when somebody
 * waits for one, and no link or address has more than half of them.
 */
export class MediaReaders {
  readonly #places = new Set<Place>()

  /**
   * @param cutOff ends the answer; called at most once, before `left`
   * @throws Problem `unavailable` when every place is taken by somebody who reads
   */
  enter(link: string, address: string, cutOff: () => void): MediaReader {
    // Who wants the same file waits: one who reads nothing would only take the place of another.
    this.#demandRoom(
      MOST_OF_ONE_LINK,
      this.#those((place) => place.link === link),
    )
    this.#makeRoom(MOST_OF_ONE_ADDRESS, (place) => place.address === address)
    this.#makeRoom(MOST, () => true)
    const place = { link, address, progressedAt: Date.now(), cutOff }
    this.#places.add(place)
    const timer = setTimeout(() => this.#end(place), CUT_OFF_AFTER_MS)
    return {
      progressed() {
        place.progressedAt = Date.now()
        timer.refresh()
      },
      left: () => {
        clearTimeout(timer)
        this.#places.delete(place)
      },
    }
  }

  /** Ends the slowest of those that count when there are too many and it took nothing for a while. */
  #makeRoom(most: number, counts: (place: Place) => boolean): void {
    const places = this.#those(counts)
    const [slowest] = places.toSorted((a, b) => a.progressedAt - b.progressedAt)
    if (places.length < most || !slowest) return
    if (Date.now() - slowest.progressedAt >= YIELDS_AFTER_MS) this.#end(slowest)
    else this.#demandRoom(most, places)
  }

  #demandRoom(most: number, places: readonly Place[]): void {
    if (places.length < most) return
    throw unavailable(`expected at most ${most} files to be read at a time here`, 'reads')
  }

  #those(count: (place: Place) => boolean): Place[] {
    return [...this.#places].filter(count)
  }

  #end(place: Place): void {
    if (this.#places.delete(place)) place.cutOff()
  }
}
