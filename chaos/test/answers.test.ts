import { createServer } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { wrongAnswers } from '../check/wrong-answers.ts'
import { ApiClient, isOutage, serverError } from '../load/doors.ts'
import { Redeliveries } from '../load/redeliveries.ts'
import { stablePort } from '../run/ports.ts'
import { consistentEvidence } from './consistent.ts'

test('only 503 and no answer are an outage; every other 5xx is a mistake of the server', () => {
  const judged = (status: number | undefined) => [isOutage({ status }), serverError({ status }) === undefined]
  expect([undefined, 503, 429].map(judged)).toEqual([1, 2, 3].map(() => [true, true]))
  expect([500, 501, 502, 504, 599].map(judged)).toEqual([1, 2, 3, 4, 5].map(() => [false, false]))
  expect([200, 204, 400, 404].map(judged)).toEqual([1, 2, 3, 4].map(() => [false, true]))
})

test('a wrong 5xx of an api is told, whatever was asked', async () => {
  const told: string[] = []
  let status = 503
  const server = createServer((_, response) => response.writeHead(status).end())
  const port = await stablePort()
  server.listen(port, '127.0.0.1')
  const api = new ApiClient([`http://127.0.0.1:${port}`], 'key', (what) => told.push(what))
  onTestFinished(async () => {
    await api.close()
    server.close()
  })
  for (status of [503, 201, 404]) await api.call('POST', '/v1/conversations')
  expect(told).toEqual([])
  status = 502
  await api.call('GET', '/v1/conversations')
  expect(told).toEqual(['GET /v1/conversations: expected a 503 or no answer while something is broken, got 502'])
  expect(await api.call('GET', '/')).toMatchObject({ status: 502 })
})

test('a repeat that meets an outage or a mistake of the server is not counted as answered', async () => {
  const told: string[] = []
  const redeliveries = new Redeliveries((what) => told.push(what))
  onTestFinished(() => redeliveries.close())
  const sent = [undefined, 503, 500, 204, 409].map((status) => {
    return new Promise<void>((resolve) => {
      const send = async () => {
        setImmediate(resolve)
        return { status }
      }
      redeliveries.add({ at: 0, send })
    })
  })
  await Promise.all(sent)
  expect(redeliveries.answered).toBe(2)
  expect(told).toEqual(['an accepted message was repeated: expected its 2xx again, got 409'])
})

test('what UponAI and Twilio tell has to be taken, or refused with a 503', () => {
  const evidence = () =>
    consistentEvidence([
      {
        name: 'Ada',
        channel: 'sms',
        greeting: false,
        burst: 1,
        steps: [{ do: 'say', text: 'hi', delivery: 'delivered' }],
        closedAtEnd: true,
      },
    ])
  for (const kind of ['webhook', 'status_callback'] as const) {
    const { history } = evidence()
    expect(wrongAnswers(history)).toEqual([])
    const entry = history.find((one) => one.kind === kind)
    if (!entry) throw new Error(`no ${kind}`)
    for (const status of [null, 503, 200]) expect(wrongAnswers([{ ...entry, status }])).toEqual([])
    for (const status of [500, 502, 404, 403, 301]) {
      const [problem, ...rest] = wrongAnswers([{ ...entry, status }, entry, { ...entry, status }])
      expect(rest).toEqual([])
      expect(problem).toContain(`expected a 2xx, 503 or no answer, got ${status} (2 times, first at 20`)
    }
  }
})
