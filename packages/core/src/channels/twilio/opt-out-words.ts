import { expand, type OptOutWord, PHRASES, POLITE } from './opt-out-phrases.ts'
import { aboveName, aboveSignature, belowQuote, firstWordOf, isStopSign, wordsOf } from './opt-out-text.ts'

/** What a text asks for. */
export interface Heard {
  word: OptOutWord
  /** It asks for that only as the whole message: as a label that was tapped it may well be an answer. */
  alone: boolean
}

/** The phrases as they are looked up: by their words, with a blank between them. */
interface Table {
  phrases: ReadonlyMap<string, Heard>
  polite: ReadonlySet<string>
  /** First words of both: nearly every message begins with another one. */
  beginnings: ReadonlySet<string>
  /** Words of the longest of them. */
  mostWords: number
}

/** Made when the first message is heard: most processes hear none. */
let made: Table | undefined

function table(): Table {
  if (made) return made
  const phrases = new Map<string, Heard>()
  for (const { word, alone = false, phrases: patterns } of Object.values(PHRASES).flat())
    for (const phrase of patterns.flatMap(expand)) phrases.set(keyOf(phrase), { word, alone })
  const polite = new Set(POLITE.map(keyOf))
  const all = [...phrases.keys(), ...polite].map((key) => key.split(' '))
  const beginnings = new Set(all.map(([first = '']) => first))
  const mostWords = Math.max(...all.map(({ length }) => length))
  made = { phrases, polite, beginnings, mostWords }
  return made
}

/** Ends of a question, in which a word that is also an ordinary answer is one. */
const QUESTION = /[?？؟]/u

/**
 * What a message asks for that is one of our phrases, repeated or not, with nothing but polite words around it and a
 * signature under it.
 * @param text what the person wrote or tapped, and nothing that was added to it
 * @returns undefined for a message that is the agent's to answer
 */
export function optOutWord(text: string): OptOutWord | undefined {
  return hear(text)?.word
}

/** The same as {@link optOutWord}, with how sure it is. */
export function hear(message: string): Heard | undefined {
  if (isStopSign(message)) return { word: 'stop', alone: true }
  const text = belowQuote(message) ?? message
  const first = firstWordOf(text)
  if (first !== undefined && !isBeginning(first)) return undefined
  const whole = hearPhrase(text)
  if (whole) return whole
  const above = aboveSignature(text)
  if (above !== undefined) return hearPhrase(above)
  const unsigned = aboveName(text)
  const heard = unsigned === undefined ? undefined : hearPhrase(unsigned)
  // "Cancel" above a name may say whose.
  return heard?.alone ? undefined : heard
}

function hearPhrase(text: string): Heard | undefined {
  const words = wordsOf(text)
  if (!words || words.length === 0) return undefined
  const [first = ''] = words
  const single = words.every((word) => word === first) ? table().phrases.get(unrepeated(first)) : undefined
  if (single) return single.alone && single.word === 'stop' && QUESTION.test(text) ? undefined : single
  return hearAmong(words)
}

/** All of it must be phrases of one meaning, and polite words: `at` each place, what was heard of the words before it. */
function hearAmong(words: readonly string[]): Heard | undefined {
  const { phrases, polite, mostWords } = table()
  const at: (OptOutWord | 'polite' | undefined)[] = ['polite']
  for (let i = 0; i < words.length; i++) {
    const before = at[i]
    if (before === undefined || !isBeginning(words[i] ?? '')) continue
    for (let length = 1; length <= Math.min(mostWords, words.length - i); length++) {
      const key = words.slice(i, i + length).join(' ')
      const heard = phrases.get(length === 1 ? unrepeated(key) : key)
      if (heard && !heard.alone && (before === 'polite' || before === heard.word)) at[i + length] = heard.word
      else if (polite.has(key)) at[i + length] ??= before
    }
  }
  const heard = at[words.length]
  return heard === undefined || heard === 'polite' ? undefined : { word: heard, alone: false }
}

/** Whether a phrase may begin with this word. */
function isBeginning(word: string): boolean {
  const { beginnings } = table()
  return beginnings.has(word) || beginnings.has(unrepeated(word))
}

/** Letters of the longest word that is looked for in its repetition. */
const LONGEST_REPEATED = 20

/** STOPSTOP is STOP. */
function unrepeated(word: string): string {
  for (let length = 3; length <= Math.min(LONGEST_REPEATED, word.length / 2); length++) {
    if (word.length % length !== 0) continue
    const part = word.slice(0, length)
    if (part.repeat(word.length / length) === word) return part
  }
  return word
}

function keyOf(phrase: string): string {
  return (wordsOf(phrase) ?? []).join(' ')
}
