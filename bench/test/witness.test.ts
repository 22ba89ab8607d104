import { expect, test } from 'vitest'
import { type Promised, Witness } from '../witness.ts'

// Two keys; messages 0 and 2 belong to the first, 1 and 3 to the second.
async function see(promised: Promised, ...messages: number[]): Promise<string | undefined> {
  const witness = new Witness(4, 2, promised)
  for (const message of messages) await witness.handle(String(message).padStart(8, '0'))
  return witness.verdict()
}

test('says nothing when every message came once, in order per key', async () => {
  expect(await see('order', 1, 0, 2, 3)).toBeUndefined()
})

test('finds a lost message', async () => {
  expect(await see('order', 0, 1, 2)).toContain('message 3 was never handled')
})

test('finds a message that came twice', async () => {
  expect(await see('nothing', 0, 1, 2, 3, 1)).toContain('message 1 came again')
})

test('finds a wrong order, unless there is none to keep', async () => {
  expect(await see('order', 2, 0, 1, 3)).toContain('key 0: message 1 came when 0 was next')
  expect(await see('nothing', 2, 0, 1, 3)).toBeUndefined()
})

test.each(['order', 'one at a time'] as const)('finds two of a key at once where %s is promised', async (promised) => {
  const witness = new Witness(2, 1, promised)
  await Promise.all([witness.handle('00000000'), witness.handle('00000001')])
  expect(witness.verdict()).toContain('key 0: message 1 came while another was being handled')
})

test('tells when so many were handled', async () => {
  const witness = new Witness(2, 2, 'order')
  const both = witness.reached(2)
  await witness.handle('00000000')
  await witness.handle('00000001')
  await both
  expect(witness.handled).toBe(2)
})
