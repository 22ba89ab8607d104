import { expect, test } from 'vitest'
import type { Service } from '../../dev/stack/service.ts'
import { Member, wrongStop } from '../run/member.ts'

test('a stop is right when the process exits 0 within 10 s', () => {
  expect(wrongStop('exit code 0', 10_000)).toBeUndefined()
  expect(wrongStop('exit code 0', 10_001)).toBe(
    'expected exit code 0 within 10 s of SIGTERM, got exit code 0 after 10.0 s',
  )
  expect(wrongStop('exit code 1', 200)).toContain('got exit code 1 after 0.2 s')
  expect(wrongStop('SIGKILL', 15_000)).toContain('got SIGKILL after 15.0 s')
})

test('a process that is not ready in time is told, and started again', async () => {
  const told: string[] = []
  const service: Service = {
    name: 'api 1',
    pid: process.pid,
    ended: new Promise(() => {}),
    stop: async () => {},
    kill: async () => {},
  }
  let starts = 0
  const start = async () => {
    starts++
    if (starts === 1) throw new Error('api 1: expected 200 from http://127.0.0.1:1/readyz within 30 s of its start')
    return service
  }
  const member = new Member({
    name: 'api 1',
    start,
    proxies: {},
    metricsUrl: '',
    onMisbehaviour: (what) => told.push(what),
  })
  await member.start()
  expect([starts, member.life]).toEqual([2, 1])
  expect(told).toEqual(['api 1: expected 200 from http://127.0.0.1:1/readyz within 30 s of its start'])
  await member.close()
})
