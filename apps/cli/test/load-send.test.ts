import { expect, it, test } from 'vitest'
import type { Answer } from '../src/load/api.ts'
import { sendUntilTaken } from '../src/load/send-until-taken.ts'

const soon = { retryAfterMs: 1 }

/** Sends to somebody who gives these answers, one after the other, and the last one for ever. */
async function send(...answers: Answer[]) {
  const repeated: (number | undefined)[] = []
  const left = [...answers]
  const taken = await sendUntilTaken(async () => (left.length > 1 ? left.shift() : left[0]) ?? { status: undefined }, {
    giveUp: new AbortController().signal,
    onRepeat: ({ status }) => repeated.push(status),
  })
  return { outcome: taken.outcome, status: taken.answer.status, tries: taken.tries, repeated }
}

test.each([
  ['taken at once', [{ status: 202 }], { outcome: 'accepted', tries: 1 }],
  [
    'taken after all',
    [{ status: 503, ...soon }, { status: undefined, ...soon }, { status: 204 }],
    { outcome: 'accepted', repeated: [503, undefined] },
  ],
  ['refused', [{ status: 403 }], { outcome: 'refused', tries: 1 }],
  ['refused after a while', [{ status: 429, ...soon }, { status: 409 }], { outcome: 'refused', tries: 2 }],
  [
    'refused after it may have been taken',
    [{ status: 503, ...soon }, { status: 401 }],
    { outcome: 'unclear', tries: 2 },
  ],
])('%s', async (_name, answers: Answer[], expected) => {
  expect(await send(...answers)).toMatchObject(expected)
})

it('gives up, and only where nothing can have been taken calls it refused', async () => {
  expect(await send({ status: 429, ...soon })).toMatchObject({ outcome: 'refused', status: 429, tries: 10 })
}, 30_000)

it('does not repeat any more when it is to end', async () => {
  const over = new AbortController()
  const taken = sendUntilTaken(async () => ({ status: 503, retryAfterMs: 600_000 }), {
    giveUp: over.signal,
    onRepeat: () => over.abort(),
  })
  expect(await taken).toMatchObject({ outcome: 'unclear', tries: 2 })
})
