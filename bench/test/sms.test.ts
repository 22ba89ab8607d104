import { expect, test } from 'vitest'
import { benchRows } from './bench.ts'

test('row 3: the whole router and its baseline, every message checked', async () => {
  const [row] = await benchRows('3', '0.01')
  expect(row).toMatchObject({ n: 3, reach: 0.6, name: expect.stringContaining('100 SMS of 20 people') })
  expect(Object.keys(row?.against ?? {})).toEqual(['baseline'])
}, 180_000)

test('row 4: the api alone', async () => {
  const [row] = await benchRows('4', '0.01')
  expect(row).toMatchObject({
    n: 4,
    reach: 0.5,
    unit: 'webhooks/s',
    name: expect.stringContaining('200 signed webhooks'),
  })
}, 180_000)

test('row 5: acceptance to completion', async () => {
  const [row] = await benchRows('5', '0.02')
  expect(row).toMatchObject({ n: 5, reach: { p50: 1.3, p99: 1.3 }, name: expect.stringContaining('80 SMS') })
}, 180_000)
