// What an agent reads as a person's message is not always all the person's: files are described, an operator's time is told.
// Our words stand between marks that no person can write, so that an agent, or whoever reads the record, can tell them apart.

const OPENS = '⟦'
const CLOSES = '⟧'

/** Words of Chatlane's own inside of what an agent reads as a person's message. */
export function ourWords(words: string): string {
  return `${OPENS}${words}${CLOSES}`
}

/** A person's words, without the marks of ours: plain brackets stand in their place. */
export function personsWords(text: string): string {
  return text.replaceAll(OPENS, '[').replaceAll(CLOSES, ']')
}

/** Each line of a text with its speaker, so that no line of it can pass for somebody else's. */
export function linesOf(speaker: string, text: string): string {
  return text
    .split(LINE_END)
    .map((line) => `${speaker}: ${line}`)
    .join('\n')
}

/** All that some reader takes for the end of a line. */
const LINE_END = /\r\n|[\n\v\f\r\u0085\u2028\u2029]/
