import { shardTag } from '@chatlane/lanes'
import { expect, test } from 'vitest'

test('the tag of a shard never changes: keys are found by it', () => {
  expect([0, 1, 2, 3, 11, 12, 255].map((shard) => shardTag('chatlane', shard))).toMatchInlineSnapshot(`
    [
      "{chatlane:0}",
      "{chatlane:1.11b}",
      "{chatlane:2.38}",
      "{chatlane:3.8m}",
      "{chatlane:11.10s}",
      "{chatlane:12.1gu}",
      "{chatlane:255.tn}",
    ]
  `)
})
