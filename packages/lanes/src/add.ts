import type { Effect } from './effects.ts'
import type { Addition } from './items.ts'

export interface AddOptions {
  /** The item's own text. */
  data: string
  /** The item's id, unique in its lane. Without it, it is what the first effect returns (an XADD's id, say). */
  id?: string
  /** The sender's id for this item: a second add with the same one stores nothing. */
  dedupe?: { id: string; forMs: number /** compared by the caller on a repeat */; print?: string }
  /** Most items that may wait in the lane. Default: no limit. */
  most?: number
  /** Writes done in the same step, only when the item is stored. */
  effects?: readonly Effect[]
  /** Items for other lanes of the shard, of this lane set or another, added in the same step, only when the item is stored. */
  adds?: readonly Addition[]
}

export type Added =
  | { status: 'added'; id: string }
  /** Stored before, under this id and print. */
  | { status: 'duplicate'; id: string; print: string }
  /** The lane holds as many items as it may. */
  | { status: 'full' }
