// What a terminal does not show but obeys: escape sequences, their eight-bit forms (C1), marks that turn the direction of what
// follows, and separators that break a line. Texts come from people, agents and providers, and any of them may hold these.

const STEERING = /[\u007f-\u009f\u2028\u2029\p{Cf}]/gu
const STEERING_OR_C0 = /(?![\n\t])[\p{Cc}\u2028\u2029\p{Cf}]/gu

/** ASCII and the sign that stands in masked numbers: in most lines of a log there is nothing else, and this look is cheap. */
const NOTHING_STEERS = /^[\0-~•]*$/

/** A value as JSON that is the same to every parser and harmless in a terminal: what would steer it is escaped. */
export function jsonForTerminal(value: unknown): string {
  const json = JSON.stringify(value)
  return NOTHING_STEERS.test(json) ? json : json.replace(STEERING, escaped)
}

/** A text with what would steer a terminal written as `\u001b`. Line breaks and tabs stay. */
export function textForTerminal(text: string): string {
  return text.replace(STEERING_OR_C0, escaped)
}

/** Each UTF-16 unit as JSON writes it. */
function escaped(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')
}
