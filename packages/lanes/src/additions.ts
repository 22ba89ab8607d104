import { type Addition, checkId } from './items.ts'

/**
 * Appends items for other lanes in the form in which the scripts read them.
 *
 * @param tag hash tag of the shard whose step they belong to
 * @throws RangeError for a lane of another shard, which the same step cannot reach
 * @throws TypeError for an id that would not come back as it was from the mailbox
 */
export function encodeAdditions(adds: readonly Addition[], tag: string, args: (string | number)[]): void {
  args.push(adds.length)
  for (const { lanes, lane, id, data } of adds) {
    const stem = lanes.stemOf(lanes.shardOf(lane))
    if (!stem.startsWith(`${tag}:`)) {
      throw new RangeError(`lane ${lane} is in ${stem}: expected a lane in the step's own shard, ${tag}`)
    }
    const [name, effect] = typeof id === 'string' ? [checkId(id), 0] : ['', id.effect + 1]
    args.push(stem, lane, name, effect, data)
  }
}
