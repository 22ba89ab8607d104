/**
 * A write of the caller's own that takes place in the same atomic step as an add or a commit: a Redis command whose first
 * argument is its key, e.g. `['HSET', key, 'status', 'open']`. The key has to be in the lane's shard (same hash tag).
 */
export type Effect = readonly [command: string, key: string, ...args: (string | number)[]]

/**
 * Appends the effects in the form in which the scripts read them.
 *
 * @param tag the shard's hash tag
 * @throws RangeError for a key with another one, which a Redis Cluster would refuse together with all that travels along
 */
export function encodeEffects(
  effects: readonly Effect[],
  tag: string,
  keys: string[],
  args: (string | number)[],
): void {
  args.push(effects.length)
  for (const [command, key, ...rest] of effects) {
    if (!key.startsWith(tag, key.indexOf('{'))) {
      throw new RangeError(`${command} ${key}: expected a key with the hash tag ${tag} of the lane's shard`)
    }
    args.push(rest.length, command, ...rest)
    keys.push(key)
  }
}
