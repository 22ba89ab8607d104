/** What texts are searched for, and what looks like the beginning of it. */
const PIECES = [
  ' ',
  '\n',
  '\t',
  'a',
  '7',
  '.',
  ',',
  '!',
  '-',
  '_',
  '*',
  '#',
  '`',
  '~',
  '>',
  '|',
  '@',
  ':',
  '/',
  '\\',
  '"',
  '<',
  '[',
  ']',
  '(',
  ')',
  '+',
  '%2B',
  '+1',
  '://',
  'https://',
  '](https://a/',
  '![',
  '](',
  '.jpg',
  '](https://a/b.jpg)',
  'basic ',
  'bearer',
  'eyJ',
  'eyJa.',
  '{"',
  'STOP ',
  '\u0301',
  '\u200d',
  '\u{1f468}',
  '\u{1f468}\u200d',
  '\u{1f1e9}\u{1f1ea}',
  '\ud83d',
  '가',
  '\u202e',
  '\u001b[',
  '\r\n',
]

/** A text that repeats something between two others. */
export interface Shape {
  before: string
  repeated: string
  after: string
}

/** Every piece alone, and with an ending that no repetition leads to. */
export const PLAIN_SHAPES: readonly Shape[] = PIECES.flatMap((repeated) => [
  { before: '', repeated, after: '' },
  { before: 'basic@', repeated, after: '\u0000x' },
])

export { PIECES }

export const textOf = ({ before, repeated, after }: Shape, length: number): string =>
  before + repeated.repeat(Math.ceil(length / repeated.length)) + after
