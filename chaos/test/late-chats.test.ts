import type { TrueChat } from '@chatlane/sandbox'
import { expect, test } from 'vitest'
import { untilChatsAreOver } from '../run/late-chats.ts'
import { consistentEvidence } from './consistent.ts'

const [chat] = consistentEvidence([
  { name: 'Ada', channel: 'web', greeting: true, burst: 1, steps: [], closedAtEnd: false },
]).chats as [TrueChat]
const over = { ...chat, status: 'ended' as const }

test('waits for chats that go on, as long as it may', async () => {
  const answers = [[over, chat], [over]]
  const waitedFor: number[] = []
  await untilChatsAreOver({ chats: async () => answers.shift() ?? [] }, 60_000, (ongoing) => waitedFor.push(ongoing))
  expect([waitedFor, answers]).toEqual([[1], []])
})

test('gives up what never ends', async () => {
  const waitedFor: number[] = []
  await untilChatsAreOver({ chats: async () => [chat] }, 1, (ongoing) => waitedFor.push(ongoing))
  expect(waitedFor.every((ongoing) => ongoing === 1)).toBe(true)
})
