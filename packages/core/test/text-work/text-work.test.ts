import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PIECES, PLAIN_SHAPES, type Shape, textOf } from './adversarial-texts.ts'
import { startCounting } from './count-work.ts'

const countWork = await startCounting()

const { maskAddress, maskNumbers, textForLog } = await import('../../src/logging/masking.ts')
const { createRedaction } = await import('../../src/logging/redaction.ts')
const { errorForLog } = await import('../../src/logging/error.ts')
const { takeFiles } = await import('../../src/channels/twilio/linked-files.ts')
const { splitText } = await import('../../src/channels/twilio/split.ts')
const { hear, optOutWord } = await import('../../src/channels/twilio/opt-out-words.ts')
const { isBlank, readWithExtras } = await import('../../src/channels/twilio/said.ts')
const { formInWords } = await import('../../src/channels/twilio/filled-form.ts')
const { inboundSmsForm } = await import('../../src/channels/twilio/inbound.ts')
const { aboveName, aboveSignature, wordsOf } = await import('../../src/channels/twilio/opt-out-text.ts')
const { linesOf, personsWords } = await import('../../src/conversations/voices.ts')
const { printOf } = await import('../../src/turns/exchange.ts')
const { jsonExcess } = await import('../../src/json/json-limits.ts')
const { spellingsOf } = await import('../../src/identity/identity.ts')
const { mediaOf } = await import('../../src/channels/twilio/media.ts')
const { phoneNumber } = await import('../../src/channels/phone-number.ts')
const { withoutEnding } = await import('../../src/text/without-ending.ts')
const { jsonForTerminal, textForTerminal } = await import('../../src/text/terminal.ts')
const { endOfKnown, findText, spoken } = await import('../../src/turns/history.ts')
const { accountOf } = await import('../../src/turns/account.ts')

const secrets = ['a'.repeat(40), 'a b c d e f', '+1+1+1+1']
const redact = createRedaction({ content: false, secrets })
const redactShown = createRedaction({ content: true, secrets })

/** Everything that looks at texts which people, or agents that people lead, choose. */
const LOOKING: Record<string, (text: string) => unknown> = {
  'a line of the log': (text) => redact(JSON.stringify({ note: text, [text]: 1, err: errorForLog(new Error(text)) })),
  'a line of the log that shows texts': (text) => redactShown(JSON.stringify({ text, msg: text })),
  'a text for a terminal': (text) => [textForTerminal(text), jsonForTerminal(text)],
  'the masking of numbers': maskNumbers,
  'the masking of an address': (text) => maskAddress(text),
  'a text as the log shows it': (text) => textForLog(text),
  'links taken out as files': (text) => takeFiles(text, 10),
  'the parts of a message': (text) => splitText(text, 1_600),
  'the words that opt out': optOutWord,
  'a form that was filled in': formInWords,
  'a text that may opt out': (text) => [hear(text), aboveSignature(text), aboveName(text), wordsOf(text)],
  'a blank text': isBlank,
  "a person's words, marked as theirs": (text) => [personsWords(text), linesOf('Customer', text)],
  'the mark of a text that comes again': printOf,
  'JSON that is deep or long': (text) => [jsonExcess(text), jsonExcess(`[${text}`), jsonExcess(`"${text}`)],
  'the identity of an address': (text) => spellingsOf(text),
  'what the richer channels bring': (text) =>
    readWithExtras({
      body: text,
      chosen: text,
      location: { at: { latitude: '1', longitude: '2' }, label: text, address: text },
      form: text,
      referral: { headline: text, url: text },
    }),
  "Twilio's form": (text) =>
    inboundSmsForm.safeParse({
      ...{
        Body: text,
        From: text,
        To: text,
        MessageSid: text,
        ProfileName: text,
        AccountSid: 'AC',
        InteractiveData: text,
      },
      ...{ MessageType: text, NumMedia: text, Latitude: text, Longitude: text, ButtonPayload: text },
    }),
  'the address of a file': (text) =>
    mediaOf({ MediaUrl0: text, MediaContentType0: text, MediaUrl1: `https://api.${text}` }, 'AC', 2),
  'a phone number': (text) => phoneNumber(text),
  'marks at an ending': (text) => withoutEnding(text, ' .'),
  'a history that is read back': async (text) => {
    const said = Array.from({ length: 12 }, (_, i) => text + i)
    const history = spoken(said.map((content, i) => (i % 2 === 0 ? { content } : { role: 'user', content })))
    const known = said.map((text) => ({ by: 'user' as const, text: ` ${text} ` })).reverse()
    return findText(history, (await endOfKnown(history, 0, known)) ?? 0, text)
  },
  "an operator's account": (text) =>
    accountOf(
      Array.from({ length: 12 }, (_, i) => ({
        id: `${i}-0`,
        entry: { kind: 'message', role: 'agent', by: 'operator', channel: 'web', status: 'delivered', text } as const,
      })),
      ['0-0'],
    ),
}

const SHORT = 2_000
const TIMES = 8

/** Linear work grows eight times, quadratic work sixty-four times. */
const MOST_GROWTH = 12

/** What is done whatever the text says. */
const FIXED = 20_000

/** The work on all these texts together: of one on which it grows with the square, the rest is a small part. */
async function growth(look: (text: string) => unknown, shapes: readonly Shape[]) {
  const workAt = (length: number) =>
    countWork(async () => {
      for (const shape of shapes) await look(textOf(shape, length))
    })
  const short = await workAt(SHORT)
  const long = await workAt(SHORT * TIMES)
  return (long - FIXED * shapes.length) / short
}

/** @throws when the work grows faster, naming the first text on which it does */
async function expectLinear(look: (text: string) => unknown, shapes: readonly Shape[]): Promise<void> {
  if ((await growth(look, shapes)) < MOST_GROWTH) return
  for (const shape of shapes) expect(await growth(look, [shape]), JSON.stringify(shape)).toBeLessThan(MOST_GROWTH)
}

const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000)

test.each(Object.entries(LOOKING))(`%s: the work grows no faster than the text (seed ${seed})`, async (_, look) => {
  const piece = fc.constantFrom(...PIECES)
  const pieces = (minLength: number, maxLength: number) =>
    fc.array(piece, { minLength, maxLength }).map((found) => found.join(''))
  const shapes = fc.record({ before: pieces(0, 3), repeated: pieces(1, 4), after: pieces(0, 3) })
  await expectLinear(look, [...PLAIN_SHAPES, ...fc.sample(shapes, { seed, numRuns: 100 })])
})

test('each text of a history is read once, however many it is compared with', async () => {
  const workOn = (count: number) => {
    const texts = Array.from({ length: count }, (_, i) => `${' '.repeat(4_000)}${i}`)
    const known = texts.toReversed().map((text) => ({ by: 'user' as const, text }))
    const history = texts.map((content) => ({ content }))
    return countWork(() => endOfKnown(history, 0, known))
  }
  expect((await workOn(400)) / (await workOn(50))).toBeLessThan(MOST_GROWTH)
})

test('a history is laid beside what is known in bounded work, however many texts there are', async () => {
  const texts = (count: number) => Array.from({ length: count }, (_, i) => `${i}`)
  const known = texts(1_000).map((text) => ({ by: 'user' as const, text }))
  const history = texts(100_000).map((content) => ({ content: `other ${content}` }))
  expect(await endOfKnown(history, 0, known)).toBeUndefined()
  expect(await endOfKnown(history.slice(0, 4_000), 0, known)).toBe(0)
  expect(
    await endOfKnown([...known.map(({ text }) => ({ content: text })), ...history.slice(0, 4_000)], 0, known),
  ).toBe(1_000)
})

test('the count sees work that grows with the square of the text', async () => {
  const squares: ((text: string) => unknown)[] = [
    (text) => [...text].map((_, i) => text.slice(i)),
    (text) => [...text].map(() => text.trim()),
    (text) => [...text].map((_, i) => /x$/.exec(text.slice(i))),
  ]
  for (const square of squares)
    await expect(expectLinear(square, [{ before: '', repeated: 'a', after: '' }])).rejects.toThrow()
})
