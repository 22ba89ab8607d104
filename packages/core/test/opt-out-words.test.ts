import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { expand, PHRASES } from '../src/channels/twilio/opt-out-phrases.ts'
import { firstWordOf, wordsOf } from '../src/channels/twilio/opt-out-text.ts'
import { optOutWord } from '../src/channels/twilio/opt-out-words.ts'

test.each([
  ...['STOP', 'stop', ' Stop ', 'Stop.', '"STOP"', 'STOP!!', '🛑 stop', 'stop\n', 'ＳＴＯＰ'],
  ...['STOPALL', 'Unsubscribe', 'CANCEL', 'End', 'QUIT', 'revoke', 'optout', 'Opt out', 'opt-out', 'stop  all'],
  ...['BAJA', 'Arrêt', 'ARRET', 'désabonner', 'Stopp', 'abmelden', 'SAIR', 'cancellami', 'Afmelden', 'Rezygnuję'],
  ...['avregistrera', 'RET', 'הסר', 'СТОП', '配信停止', 'Stop promotions', 'STOP please', 'please stop'],
])('%j asks for the end', (text) => {
  expect(optOutWord(text)).toBe('stop')
})

test.each([
  ['START', 'start'],
  ['unstop', 'start'],
  ['Yes', 'start'],
  ['Alta', 'start'],
  ['HELP', 'help'],
  ['info?', 'help'],
])('%j is %s', (text, word) => {
  expect(optOutWord(text)).toBe(word)
})

test.each([
  ...['', ' ', '👍', 'Stop it', 'the end', 'stopped', 'no', 'yes please', 'ok stop'],
  ...['Так, стоп', '> Reply STOP', '🛑 2', 'Re: your text', 'unsubscribed 2', 'стор 5'],
  ...['nein', 'ja', 'sí', 'oui', 'non', 'basta', 'fin', 'help me', 'Ayuda', 'Hilfe', 'constructor', 'toString'],
  'stop'.repeat(1_000),
])('%j is for the agent', (text) => {
  expect(optOutWord(text)).toBeUndefined()
})

test('every phrase is heard, and means one thing in whatever language', () => {
  for (const { word, phrases } of Object.values(PHRASES).flat())
    for (const phrase of phrases.flatMap(expand)) expect([phrase, optOutWord(phrase)]).toEqual([phrase, word])
})

/** A failing run prints its seed; OPT_OUT_WORDS_SEED=<seed> runs it again. */
const seed = Number(process.env.OPT_OUT_WORDS_SEED ?? Date.now() % 2 ** 31)

test(`a number, a name or a day beside a phrase is never lost (seed ${seed})`, () => {
  const phrases = Object.values(PHRASES).flatMap((groups) => groups.flatMap((group) => group.phrases.flatMap(expand)))
  const matter = fc.constantFrom('2', '#12345', 'Nguyen', 'Aylin', 'Friday', '12/24', '5pm', '٣', '①', 'x3', 'Møller')
  const between = fc.constantFrom(' ', '. ', '\n', ' - ', ', ', '\n\n', '/')
  fc.assert(
    fc.property(fc.constantFrom(...phrases), matter, between, fc.boolean(), (phrase, what, space, ahead) => {
      const text = ahead ? what + space + phrase : phrase + space + what
      expect([text, optOutWord(text)]).toEqual([text, undefined])
    }),
    { seed, numRuns: 2_000 },
  )
})

test(`the first word, found the fast way, is the first of all words (seed ${seed})`, () => {
  const piece = fc.constantFrom(
    's',
    'T',
    'stop',
    'ooo',
    'STOPPP',
    'aaa',
    "'",
    '`',
    '"',
    '2',
    '12',
    ' ',
    '\n',
    '-',
    '.',
    'é',
    '①',
  )
  const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))
  fc.assert(
    fc.property(text, (text) => {
      const first = firstWordOf(text)
      if (first !== undefined) expect([text, first]).toEqual([text, wordsOf(text)?.[0]])
    }),
    { seed, numRuns: 5_000 },
  )
})

test('docs/opt-outs.md lists exactly these phrases, with their reasons', () => {
  const page = readFileSync(new URL('../../../docs/opt-outs.md', import.meta.url), 'utf8')
  const [, listed] = page.split('<!-- phrases -->')
  const does = { stop: 'opts out', start: 'opts in again', help: 'is answered by Twilio' }
  const lines = Object.entries(PHRASES).flatMap(([language, groups]) => [
    `### ${language}`,
    '',
    ...groups.map(({ word, alone, phrases, why }) => {
      const quoted = phrases.map((phrase) => `\`${phrase}\``).join(', ')
      return `* ${quoted}: ${does[word]}${alone ? ', as the whole message only' : ''}. ${why[0]?.toUpperCase()}${why.slice(1)}.`
    }),
    '',
  ])
  expect(listed?.trim()).toBe(lines.join('\n').trim())
})
