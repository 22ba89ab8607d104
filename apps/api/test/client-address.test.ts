import { expect, test } from 'vitest'
import { canonicalAddress } from '../src/limits/client-address.ts'

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['192.0.2.1:51234', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:c000:0201', '192.0.2.1'],
  ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
  ['2001:0DB8:0001:0002:ffff:eeee:dddd:cccc', '2001:db8:1:2::/64'],
  ['[2001:db8:1:2::1]:443', '2001:db8:1:2::/64'],
  ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
])('%s counts as %s', (text, address) => {
  expect(canonicalAddress(text)).toBe(address)
})

test.each([
  '',
  'unknown',
  '1.2.3',
  '1.2.3.4.5',
  '300.1.1.1',
  'a'.repeat(10_000),
  '::ffff:192.0.2.1, 192.0.2.2',
  '_hidden',
])('what is no address is none', (text) => {
  expect(canonicalAddress(text)).toBeUndefined()
})
