import { spawnSync } from 'node:child_process'
import { createServer } from 'node:http'
import twilio from 'twilio'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { loadConfig } from '../src/config/load.ts'
import { secretsOf } from '../src/config/secrets.ts'
import { errorForLog } from '../src/logging/error.ts'
import { createLogger, type Logger } from '../src/logging/logger.ts'
import { maskAddress, textForLog } from '../src/logging/masking.ts'

const number = '+15005550006'
const text = 'my private words'

const config = loadConfig('api', {
  REDIS_URL: 'redis://:redis%20password@127.0.0.1',
  UPONAI_API_KEY: 'key_of_uponai',
  UPONAI_WORKSPACE_ID: '1',
  UPONAI_WEBHOOK_KEY: '123456',
  TWILIO_ACCOUNT_SID: `AC${'1'.repeat(32)}`,
  TWILIO_AUTH_TOKEN: 'auth-token-of-twilio',
  PUBLIC_URL: 'https://chat.example.com',
  API_KEYS: 'api.key+one,api"key\\two',
  SESSION_SECRET: 'the session secret with "quotes" in it',
})

/** What the logger put out, as text and as parsed lines. */
function logged(write: (logger: Logger) => void, content = false) {
  let output = ''
  const collect = {
    write: (line: string) => {
      output += line
    },
  }
  write(createLogger({ level: 'trace', content }, { service: 'api', secrets: secretsOf(config), output: collect }))
  const lines = output
    .trimEnd()
    .split('\n')
    .map((line): Record<string, unknown> => JSON.parse(line))
  return { output, lines, line: lines[0] ?? {} }
}

test('a line is JSON on standard output, with level, time and service', () => {
  const module = JSON.stringify(new URL('../src/logging/logger.ts', import.meta.url).href)
  const code = `
    import { createLogger } from ${module}
    const logger = createLogger({ level: 'info', content: false }, { service: 'worker' })
    logger.debug('not this')
    logger.info({ event: 'turn', ms: 12, from: '${number}' }, 'done')
    process.exit()`
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', code], { encoding: 'utf8' })
  expect(JSON.parse(stdout)).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    service: 'worker',
    pid: expect.any(Number),
    event: 'turn',
    ms: 12,
    from: '+1•••••0006',
    msg: 'done',
  })
})

test('what would steer a terminal is escaped, and the same to whoever parses the line', () => {
  const note = 'a\u001b[2Jb\u009b31mc\u202ed\u2028e\u007ff\u2066'
  const { output, line } = logged((logger) => logger.info({ note, [note]: 1 }, note))
  expect(output).not.toMatch(/(?!\n)[\p{Cc}\u2028\u2029\p{Cf}]/u)
  expect(line).toMatchObject({ note, [note]: 1, msg: note })
})

describe('an address', () => {
  test.each([
    ['+15005550006', '+1•••••0006'],
    ['whatsapp:+15005550006', 'whatsapp:+1•••••0006'],
    ['15005550006', '1•••••0006'],
    ['messenger:1234567890123', 'messenger:1•••••0123'],
    ['+1234567', '+1•••••67'],
    ['12345', '12345'],
    ['web:0198c2f0-7a55-7c4e-9d0e-3f2b1a000001', 'web:0198c2f0-7a55-7c4e-9d0e-3f2b1a000001'],
    ['rcs:example_agent', 'rcs:example_agent'],
  ])('%s is shown as %s', (address, shown) => {
    expect(maskAddress(address)).toBe(shown)
    expect(maskAddress(shown)).toBe(shown)
    expect(maskAddress(address, true)).toBe(address)
  })

  test('is masked wherever it is', () => {
    const { output, line } = logged((logger) =>
      logger
        .child({ participant: number, lane: { to: `whatsapp:${number}` } })
        .info(
          { WaId: 15005550006, seen: { [number]: 1 }, url: '/Messages.json?To=%2B15005550006', list: [[number]] },
          `no route for ${number}`,
        ),
    )
    expect(output).not.toContain('5005550006')
    expect(line).toMatchObject({ participant: '+1•••••0006', lane: { to: 'whatsapp:+1•••••0006' } })
    expect(line.msg).toBe('no route for +1•••••0006')
  })
})

describe('a message text', () => {
  test('is reduced to its length', () => {
    expect(textForLog(text)).toBe('[16 characters]')
    expect(textForLog('a')).toBe('[1 character]')
    expect(textForLog(text, true)).toBe(text)
  })

  test('does not come out under any of its names', () => {
    const { output, line } = logged((logger) =>
      logger.child({ turn: { text } }).info({
        text: textForLog(text),
        Body: text,
        item: { content: text, items: [{ body: { deep: text } }] },
        uponai_dynamic_variables: { opening_message: text },
        auto_close_message: text,
        metadata: { note: text },
      }),
    )
    expect(output).not.toContain('private')
    expect(line).toMatchObject({ text: '[16 characters]', Body: '[16 characters]', turn: { text: '[16 characters]' } })
  })

  test('that was no JSON is not quoted from the parser', () => {
    const { output } = logged((logger) => {
      try {
        JSON.parse(text)
      } catch (err) {
        logger.warn({ err }, 'malformed')
        logger.warn(err)
      }
    })
    expect(output).toContain('not valid JSON')
    expect(output).not.toContain('my p')
  })
})

describe('a secret', () => {
  test('does not come out, whatever it is logged as', () => {
    const secrets = secretsOf(config)
    const { output, lines } = logged((logger) => {
      for (const secret of secrets) {
        logger.child({ note: secret }).info({ [secret]: 1, deep: [{ note: `<${secret}>` }] }, `got ${secret}`)
        logger.error(new Error(secret, { cause: secret }))
      }
      logger.info({ config })
      logger.info('config is %j', config.uponai)
    })
    expect(lines).toHaveLength(secrets.length * 2 + 2)
    const decoded = JSON.stringify(lines.map((line) => Object.values(line)))
    for (const secret of secrets) {
      expect(decoded).not.toContain(secret)
      expect(output).not.toContain(JSON.stringify(secret).slice(1, -1))
    }
    expect(output).not.toContain('redis password')
  })

  test('is known by its name and by its form', () => {
    const { output } = logged((logger) =>
      logger.info(
        {
          req: { headers: { authorization: 'hidden-1', cookie: 'hidden-2', 'x-twilio-signature': 'hidden-3' } },
          accessToken: 'hidden-4',
          api_key: 'hidden-5',
          password: { deep: 'hidden-6' },
          url: '/v1/conversations/c1/events?token=eyJhbGciOiJIUzI1NiJ9.eyJoaWRkZW4iOjd9.aGlkZGVu',
          redis: 'redis://user:hidden-8@redis.example.com',
        },
        'sent Authorization: Bearer hidden-9 and Basic aGlkZGVuOjEw',
      ),
    )
    expect(output).not.toMatch(/hidden-\d|aGlkZGVu/)
    expect(output).toContain('redis.example.com')
  })

  test('stays hidden with LOG_CONTENT, while texts and addresses are shown', () => {
    const { line } = logged(
      (logger) => logger.info({ from: number, text, token: 'hidden', note: 'key_of_uponai' }),
      true,
    )
    expect(line).toMatchObject({ from: number, text, token: '[redacted]', note: '[redacted]' })
  })
})

describe('an error', () => {
  test('of the Twilio library comes without its request', async () => {
    const server = createServer((_, response) => {
      response.writeHead(400, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ code: 21211, status: 400, message: `Invalid 'To' number ${number}` }))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = z.object({ port: z.int() }).parse(server.address())
    const client = twilio(config.twilio?.accountSid, config.twilio?.authToken)
    client.api.baseUrl = `http://127.0.0.1:${port}`
    const send = () =>
      client.messages.create({ to: number, from: '+15005550001', body: text }).catch((err: unknown) => err)

    const refused = await send()
    await new Promise((resolve) => server.close(resolve))
    const lost = await send()
    const { output, lines } = logged((logger) => {
      for (const err of [refused, lost]) {
        logger.error({ err, nested: { err }, reason: err }, 'not sent')
        logger.error(err)
      }
    })
    expect(lines[0]?.err).toEqual({
      type: expect.any(String),
      code: 21211,
      status: 400,
      message: "Invalid 'To' number +1•••••0006",
    })
    expect(lines[2]?.err).toMatchObject({ code: expect.stringMatching(/^ECONN/) })
    expect(output).not.toMatch(/private|5005550006|5005550001|auth-token|QUM|"stack"/)
  })

  test('that someone foresaw has no stack, a bug has its frames', () => {
    const foreseen = Object.assign(new Error('throttled', { cause: new TypeError('inner') }), {
      code: 'BUSY',
      status: 429,
    })
    expect(errorForLog(foreseen)).toEqual({
      type: 'Error',
      message: 'throttled',
      code: 'BUSY',
      status: 429,
      cause: { type: 'TypeError', message: 'inner', stack: expect.stringMatching(/^at .*logging\.test/) },
    })
    expect(errorForLog(new TypeError(text)).stack).not.toContain(text)
  })

  test('of several shows each, and a circle of causes ends', () => {
    const first = new Error('first')
    first.cause = first
    const shown = JSON.stringify(errorForLog(new AggregateError([first, new Error('second')], 'both')))
    expect(shown).toContain('second')
    expect(shown.split('first').length).toBeLessThan(10)
  })

  test('that is none is still shown', () => {
    expect(errorForLog('broken')).toEqual({ type: 'string', message: 'broken' })
    expect(errorForLog({ authorization: 'hidden' })).toEqual({ type: 'object', message: 'not an Error' })
  })
})
