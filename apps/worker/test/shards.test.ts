import { shardOfConversation } from '@chatlane/core'
import { freshPrefix } from '@chatlane/dev'
import { expect, it } from 'vitest'
import { stage } from './stage.ts'

it('goes on with conversations on shards that new ones are no longer spread over', async () => {
  const env = { REDIS_PREFIX: freshPrefix(), QUEUE_SHARDS: '8' }
  const before = await stage({ env })
  let conversation = await before.web('pk_quiet')
  while (shardOfConversation(conversation.id) === 0) conversation = await before.web('pk_quiet')
  await before.say(conversation, 'before')
  await before.settled(conversation)
  await before.stop()

  const after = await stage({ env: { ...env, QUEUE_SHARDS: '1' } })
  try {
    await after.say(conversation, 'after')
    const items = await after.settled(conversation)
    expect(items.map(({ text }) => text)).toEqual(['before', 'echo: before', 'after', 'echo: after'])
    expect(shardOfConversation((await after.web('pk_quiet')).id)).toBe(0)
  } finally {
    await after.stop()
  }
})
