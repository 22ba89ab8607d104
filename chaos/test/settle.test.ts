import { expect, test } from 'vitest'
import { type Listed, unsettledOfNobody } from '../run/settle.ts'

const listed = (facts: Partial<Listed>): Listed => ({
  conversation_id: 'c1',
  participant: '+14155550000',
  chat_id: null,
  status: 'closed',
  pending: 0,
  ...facts,
})

test('what is open or waits and is nobody’s is named', () => {
  const known = new Set(['mine', undefined])
  const settled = [listed({}), listed({ status: 'open' }), listed({ chat_id: 'chat_1' })]
  expect(unsettledOfNobody(settled, known)).toEqual([])
  const unsettled = [listed({ status: 'open', chat_id: 'chat_1' }), listed({ pending: 2 })]
  expect(unsettledOfNobody(unsettled, known)).toEqual([
    "conversation c1, nobody's: expected nothing waiting and no open chat, got open, 0 waiting, chat chat_1",
    "conversation c1, nobody's: expected nothing waiting and no open chat, got closed, 2 waiting, no chat",
  ])
  const mine = unsettled.map((one) => ({ ...one, conversation_id: 'mine' }))
  expect(unsettledOfNobody(mine, known)).toEqual([])
})
