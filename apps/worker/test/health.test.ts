import { expect, onTestFinished, test } from 'vitest'
import { serveHealth } from '../src/health.ts'

async function served(ready: () => Promise<string | undefined>, notes: string[] = [], onError = (_: unknown) => {}) {
  const metrics = {
    contentType: 'text/plain; version=0.0.4; charset=utf-8' as const,
    metrics: async () => 'chatlane_up 1',
  }
  const health = await serveHealth({ host: '127.0.0.1', port: 0 }, metrics, () => notes, ready, onError)
  onTestFinished(() => health.close())
  const at = `http://127.0.0.1:${health.port}`
  return async (path: string, method = 'GET') => {
    const answer = await fetch(at + path, { method })
    const text = await answer.text()
    return { status: answer.status, body: text.startsWith('{') ? JSON.parse(text) : text }
  }
}

test('says whether it is ready, and what someone should see to', async () => {
  let problem: string | undefined = 'Redis is away'
  const get = await served(async () => problem, ['a sender sends nothing'])
  expect(await get('/healthz')).toEqual({ status: 200, body: { status: 'ok' } })
  const notes = ['a sender sends nothing']
  expect(await get('/readyz')).toEqual({ status: 503, body: { status: 'not ready', problem, notes } })
  problem = undefined
  expect(await get('/readyz?verbose')).toEqual({ status: 200, body: { status: 'ready', notes } })
  expect(await get('/metrics')).toEqual({ status: 200, body: 'chatlane_up 1' })
})

test('whoever asks for something else is told what there is', async () => {
  const get = await served(async () => undefined)
  const problem = 'expected GET /healthz, /readyz, /metrics'
  expect(await get('/')).toEqual({ status: 404, body: { problem } })
  expect(await get('/healthz', 'POST')).toEqual({ status: 404, body: { problem } })
  expect(await get('/readyz', 'HEAD')).toMatchObject({ status: 200 })
})

test('a page that cannot be made is answered 500 without a word of why', async () => {
  const errors: unknown[] = []
  const get = await served(
    () => Promise.reject(new Error('a secret')),
    [],
    (error) => errors.push(error),
  )
  expect(await get('/readyz')).toEqual({ status: 500, body: { problem: 'the page could not be made' } })
  expect(errors).toEqual([new Error('a secret')])
})
