import { expect, test } from 'vitest'
import { ReadGate } from '../src/limits/read-gate.ts'

test('eight reads of participants are done at a time, 200 wait, and a server waits for none of them', async () => {
  const gate = new ReadGate()
  let running = 0
  const begun: (() => void)[] = []
  const read = () => {
    running++
    return new Promise<string>((resolve) => {
      begun.push(() => {
        running--
        resolve('read')
      })
    })
  }
  const all = Array.from({ length: 208 }, () => gate.pass('participant', read))
  await expect.poll(() => running).toBe(8)
  await expect(gate.pass('participant', read)).rejects.toMatchObject({ code: 'unavailable', limit: 'reads' })
  const server = gate.pass('server', read)
  expect(running).toBe(9)
  for (let done = 0; done < 209; done++) {
    await expect.poll(() => begun.length).toBeGreaterThan(0)
    expect(running).toBeLessThanOrEqual(9)
    begun.shift()?.()
  }
  expect(new Set(await Promise.all([...all, server]))).toEqual(new Set(['read']))
})
