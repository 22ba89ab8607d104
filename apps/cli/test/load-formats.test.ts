import { InvalidArgumentError } from 'commander'
import { describe, expect, it, test } from 'vitest'
import {
  parseBurst,
  parseNumbers,
  parseSpan,
  parseThink,
  parseUrls,
  positive,
  range,
  whole,
} from '../src/commands/load-formats.ts'

test.each([
  [parseThink, 'exponential:8s', { kind: 'exponential', meanMs: 8_000 }],
  [parseThink, '500ms', { kind: 'exponential', meanMs: 500 }],
  [parseThink, 'uniform:2s-1m', { kind: 'uniform', leastMs: 2_000, mostMs: 60_000 }],
  [parseThink, 'fixed:5s', { kind: 'fixed', ms: 5_000 }],
  [parseBurst, '5x10s/60s', { factor: 5, forMs: 10_000, everyMs: 60_000 }],
  [parseBurst, '1.5x500ms/1m', { factor: 1.5, forMs: 500, everyMs: 60_000 }],
  [parseSpan, '90s', 90_000],
  [parseUrls, 'http://a:3000/, https://b.example/x/', ['http://a:3000', 'https://b.example/x']],
  [parseNumbers, '+15005550006, +4915112345678', ['+15005550006', '+4915112345678']],
  [positive(10), '0.5', 0.5],
  [range(1, 100), '5', { least: 5, most: 5 }],
  [range(1, 100), '3-8', { least: 3, most: 8 }],
  [whole(0, 100), '0', 0],
])('%o understands %s', (parse: (text: string) => unknown, text, expected) => {
  expect(parse(text)).toEqual(expected)
})

describe('what cannot be understood', () => {
  it.each([
    [parseThink, ['', '8', 'fixed:2s-5s', 'uniform:5s', 'uniform:5s-2s', 'normal:5s', '0s', '2h']],
    [parseBurst, ['5', '1x1s/2s', '5x2s/2s', '5x10s', '101x1s/2s', 'x1s/2s']],
    [parseSpan, ['10', '0s', '61m', '-5s', '1.5s']],
    [parseUrls, ['a', 'ftp://a', 'http://a,', 'http://me@a', 'http://a?x=1']],
    [parseNumbers, ['15005550006', '+1', '+15005550006,', 'whatsapp:+15005550006']],
    [positive(10), ['0', '-1', '11', 'x', '']],
    [range(1, 100), ['0', '101', '8-3', '1-101', '1-', '']],
    [whole(0, 100), ['101', '1.5', '-1', '']],
  ])('%o', (parse: (text: string) => unknown, texts) => {
    for (const text of texts) expect(() => parse(text), text).toThrow(InvalidArgumentError)
  })
})
