/**
 * The hash tags of shards. A Redis Cluster puts a tag into one of 16,384 slots by its CRC16, and gives each node a range of
 * slots. By their numbers alone six shards may well lie on one node, so a tag also has an ending, looked for until the tag
 * falls where the shard belongs: evenly far from the others, however many there are. It depends on the prefix and the shard
 * only, not on how many shards there are, and must never change: keys are found by it.
 */

const slots = 16_384

/** Distance from the place wanted that will do: far less than a node's part. */
const tolerance = 8

/** The order in which twelfths of the slots are taken: thirds first, then sixths, so that 2, 3, 4 and 6 nodes get as many. */
const order = [0, 4, 8, 2, 6, 10, 1, 5, 9, 3, 7, 11]

const tags = new Map<string, string>()

/** The tag of a shard, with its braces: what all keys of the shard begin with. */
export function shardTag(prefix: string, shard: number): string {
  const plain = `${prefix}:${shard}`
  const known = tags.get(plain)
  if (known !== undefined) return known
  const tag = `{${plain}${shard === 0 ? '' : ending(prefix, plain, shard)}}`
  tags.set(plain, tag)
  return tag
}

/** Where shards lie is counted from the first one, which has no ending. */
function ending(prefix: string, plain: string, shard: number): string {
  const wanted = crc16(bytesOf(`${prefix}:0`)) + Math.round(placeOf(shard) * slots)
  const begun = crc16(bytesOf(`${plain}.`))
  for (let n = 0; ; n++) {
    const text = n.toString(36)
    const distance = (crc16(text, begun) - wanted) & (slots - 1)
    if (distance <= tolerance || distance >= slots - tolerance) return `.${text}`
  }
}

/** From 0 up to 1. The first twelve get a twelfth each, the next twelve a place in a twelfth each, in the same order… */
function placeOf(shard: number): number {
  let place = 0
  for (let [rest, part] = [shard, 1 / 12]; rest > 0; rest = Math.floor(rest / 12), part /= 12)
    place += (order[rest % 12] ?? 0) * part
  return place
}

/** The text in UTF-8, a character for each byte. */
function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1')
}

/** CRC16 as Redis Cluster has it (XMODEM), of characters that are bytes, from what is begun. */
function crc16(text: string, begun = 0): number {
  let crc = begun
  for (let i = 0; i < text.length; i++) {
    crc ^= text.charCodeAt(i) << 8
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1
    crc &= 0xffff
  }
  return crc
}
