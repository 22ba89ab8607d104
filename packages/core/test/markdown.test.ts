import fc from 'fast-check'
import { expect, test } from 'vitest'
import { whatsapp } from '../src/channels/whatsapp/channel.ts'
import { fromMarkdown, PLAIN_TEXT } from '../src/text/markdown.ts'

/** A failing run prints its seed; MARKDOWN_SEED=<seed> runs it again. */
const seed = Number(process.env.MARKDOWN_SEED ?? Date.now() % 2 ** 31)

const plain = (text: string) => fromMarkdown(text, PLAIN_TEXT)
const onWhatsapp = (text: string) => fromMarkdown(text, whatsapp.marks)

test.each([
  ['strong', 'It is **open** now.', 'It is open now.', 'It is *open* now.'],
  ['strong by underscores', '__Please note__: closed', 'Please note: closed', '*Please note*: closed'],
  ['emphasis', 'It is *really* open, _now_.', 'It is really open, now.', 'It is _really_ open, _now_.'],
  ['both', '***Both*** and **_both_**', 'Both and both', '_*Both*_ and *_both_*'],
  ['struck out', 'was ~~10~~ 8 €', 'was 10 8 €', 'was ~10~ 8 €'],
  ['code', 'Type `npm i` here', 'Type npm i here', 'Type ```npm i``` here'],
  ['a heading', '## Opening *hours* ##\nFrom 9', 'Opening hours\nFrom 9', '*Opening _hours_*\nFrom 9'],
  ['strong in a heading', '# **All** of it', 'All of it', '*All of it*'],
  [
    'a block of code',
    'So:\n\n```js\nlet a = **b**\n\n# c\n```\nDone',
    'So:\n\nlet a = **b**\n\n# c\nDone',
    'So:\n\n```let a = **b**\n\n# c```\nDone',
  ],
  ['a block without an end', '```\nlet a', 'let a', '```let a```'],
  ['a block of nothing', '```\n```', '', '``````'],
  [
    'a link',
    'See [our **page**](https://example.com/a_b_c "Us").',
    'See our page (https://example.com/a_b_c).',
    'See our *page* (https://example.com/a_b_c).',
  ],
  [
    'a link that is its own label',
    '[https://example.com](https://example.com)',
    'https://example.com',
    'https://example.com',
  ],
  [
    'an address',
    '[a@example.com](mailto:a@example.com) <https://example.com>',
    'a@example.com https://example.com',
    'a@example.com https://example.com',
  ],
  [
    'a picture',
    '![The front](https://example.com/f.jpg)',
    'The front (https://example.com/f.jpg)',
    'The front (https://example.com/f.jpg)',
  ],
  ['a list', '- **One**: 1\n- Two\n\n1. *x*', '- One: 1\n- Two\n\n1. x', '- *One*: 1\n- Two\n\n1. _x_'],
  ['a quotation', '> **q**\n> r', '> q\n> r', '> *q*\n> r'],
  ['no spaces between words', '这是**重点**内容', '这是重点内容', '这是*重点*内容'],
  ['an escape, beside Markdown', '**a** 2\\*3', 'a 2*3', '*a* 2*3'],
  ['strong over two lines', '**a\nb** c', 'a\nb c', '*a\nb* c'],
  ['several paragraphs', '**a**\r\n\r\n**b**\r\n', 'a\r\n\r\nb\r\n', '*a*\r\n\r\n*b*\r\n'],
])('%s', (_, text, onSms, there) => {
  expect([plain(text), onWhatsapp(text)]).toEqual([onSms, there])
})

/** What people and agents write that looks like Markdown here and there, and is none. */
const ordinary = fc.constantFrom(
  'word',
  'Grüße',
  '東京',
  '😀',
  '2*3*4',
  'a*b',
  '5 * 3 * 2',
  'snake_case',
  'a_file_name.txt',
  '__init__',
  '_',
  '*',
  '**',
  '****',
  '*.txt',
  '(*.txt|*.pdf)',
  'f**k',
  '~/a',
  '~10',
  '~~',
  '`',
  '#1',
  '#tag',
  'C#',
  '5 < 6 > 2',
  '<',
  '>',
  '[1]',
  '[x](y)',
  'f[0](1)',
  '¯\\_(ツ)_/¯',
  'C:\\*\\_a',
  '&amp;',
  '$5',
  '50%',
  'https://x.example/a_b_c/*d*/__e__?f=~g~',
  'www.example.com/_a_',
  'me_and_you@example.com',
  '- ',
  '1. ',
  '…',
  'a|b',
  '***',
  '---',
  '!',
  '![',
  '](',
  '()',
  '\\',
)
const space = fc.constantFrom(' ', ' ', ' ', '  ', '\n', '\n\n', '\t', '\r\n')

test('a text without Markdown comes back byte for byte', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          fc.constantFrom(
            'word',
            'Grüße',
            '2*3*4',
            'snake_case',
            'a_file_name.txt',
            '#1',
            'C#',
            '¯\\_(ツ)_/¯',
            'https://x.example/a_b_c/*d*/__e__?f=~g~',
            'me_and_you@example.com',
            '[1]',
            '[x](y)',
            '5 < 6',
            '50%',
            '__init__',
            '~10',
            '*.txt',
            '&amp;',
            'C:\\*\\_a',
          ),
          space,
        ),
        { maxLength: 30 },
      ),
      (words) => {
        const text = words.flat().join('')
        expect(plain(text)).toBe(text)
        expect(onWhatsapp(text)).toBe(text)
      },
    ),
    { seed, numRuns: 500 },
  )
})

test('of any text only marks are left out: its words stay, in their order', () => {
  const letters = (text: string) => text.replace(/[^\p{L}\p{N}]/gu, '')
  fc.assert(
    fc.property(fc.array(fc.tuple(ordinary, space), { maxLength: 30 }), (words) => {
      const text = words.flat().join('')
      expect(letters(plain(text))).toBe(letters(text))
    }),
    { seed, numRuns: 500 },
  )
})

test('once plain, a text stays plain', () => {
  const text = '**a** _b_ [c](https://d.example) `e`\n\n# f\n'
  expect(plain(plain(text))).toBe(plain(text))
})

test.each([
  '*a ',
  '**a',
  '*a_',
  '[a](',
  '[',
  '> ',
  '1. ',
  '~~a',
  '`',
  '# a\n',
  '```\n',
  '\n',
  '<a ',
  '**a** ',
  '*',
  '_',
])('a long text of %j is converted, and its pieces are bounded', (unit) => {
  const text = unit.repeat(100_000 / unit.length)
  expect(plain(text).length).toBeLessThanOrEqual(text.length)
})
