/** One item of a lane. */
export interface Item {
  /** Unique within its lane; kept through retries, dead letter and replay. */
  id: string
  /** The caller's own text (JSON, say); never read here. */
  data: string
}

/** @throws TypeError for an id that would not come back as it was from the mailbox */
export function checkId(id: string): string {
  if (id === '' || id.includes('\n')) {
    throw new TypeError(`item id ${JSON.stringify(id)}: expected at least one character and no line break`)
  }
  return id
}

/** An item as it lies in the mailbox. */
export function parseItem(stored: string): Item {
  const cut = stored.indexOf('\n')
  return { id: stored.slice(0, cut), data: stored.slice(cut + 1) }
}

/** An item for a lane, of this lane set or of another one on the same shard, to be added in the step of an add or a commit. */
export interface Addition {
  lanes: AdditionTarget
  lane: string
  /** The item's id, or the place (from 0) of the effect of the same step whose result is its id: an XADD's, say. */
  id: string | { effect: number }
  data: string
}

/** What such a step needs to know of the lane set it adds to. */
export interface AdditionTarget {
  shardOf(lane: string): number
  /** What the keys of that shard's lanes begin with. */
  stemOf(shard: number): string
}
