/** How deep objects and lists may lie in each other in JSON that comes from outside. */
const DEEPEST = 32

/** Members of objects and items of lists in a request's JSON. */
const MOST_MEMBERS = 5_000

const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/**
 * What is too much in a JSON text: read once, character by character, before anything is parsed. Code that walks parsed JSON,
 * such as `JSON.stringify`, is recursive and fails on a text that is deep enough. A text that is no valid JSON passes: the parser says so.
 * @param mostMembers members of objects and items of lists that the text may have in all
 * @returns what was expected; undefined when the text is within the limits
 */
export function jsonExcess(text: string, mostMembers = MOST_MEMBERS): string | undefined {
  let depth = 0
  // A list or object with n entries has n - 1 commas.
  let members = 0
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case QUOTE:
        i = endOfString(text, i)
        break
      case OPEN_LIST:
      case OPEN_OBJECT:
        if (++depth > DEEPEST) return `expected at most ${DEEPEST} levels of objects and lists`
        members++
        break
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        depth--
        break
      case COMMA:
        members++
        break
    }
    if (members > mostMembers) return `expected at most ${mostMembers} members of objects and items of lists`
  }
  return undefined
}

/** The place of the quote that ends a string, or of the text's end. */
function endOfString(text: string, start: number): number {
  let i = start + 1
  while (i < text.length && text.charCodeAt(i) !== QUOTE) i += text.charCodeAt(i) === BACKSLASH ? 2 : 1
  return i
}
