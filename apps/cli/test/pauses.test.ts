import { createLogger, SenderGate } from '@chatlane/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { twilioCodes } from '../../../packages/core/src/channels/twilio/codes.ts'
import { chatlane } from './chatlane.ts'
import { type Deployment, deployment } from './deployment.ts'

let d: Deployment
beforeEach(() => {
  d = deployment()
})
afterEach(() => d.stop())

test('shows what pauses, why, and how many wait', async () => {
  expect((await chatlane(['pauses'], d.env)).stdout).toBe('nothing pauses\n')
  const logger = createLogger({ level: 'silent', content: false }, { service: 'test' })
  const gate = new SenderGate({ redis: d.lanes.connection, prefix: d.env.REDIS_PREFIX, logger })
  const code = twilioCodes.get(21660)
  if (!code) throw new Error('expected the code')
  for (const to of ['+14155550123', '+14155550124'])
    await gate.hold({ sender: '+15005550006', to, conversation: to }, 'twilio_21660', code)
  const shown = await chatlane(['pauses'], d.env)
  expect(shown).toMatchObject({ code: 0, stderr: '' })
  expect(shown.stdout).toMatch(/\+15005550006 .* 2 +twilio_21660: .*errors\/21660/)
  expect((await chatlane(['pauses', '--json'], d.env)).json()).toMatchObject({
    items: [{ scope: 'sender', sender: '+15005550006', reason: 'twilio_21660', waiting: 2 }],
  })
})
