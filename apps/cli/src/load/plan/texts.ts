const WORDS =
  'my parcel has not come yet and the order number is on the invoice can you tell me what happened to it'.split(' ')

/**
 * A text that nobody else writes: the mark tells it from all others, the words make it as long as it has to be.
 * @param length characters; a mark that is longer stays whole
 */
export function textOf(mark: string, length: number): string {
  const text = `load ${mark}`
  if (text.length >= length) return text
  let words = ''
  for (let n = 0; words.length < length; n++) words += ` ${WORDS[n % WORDS.length]}`
  // A space at the end might be cut off on the way.
  return `${text}${words}`.slice(0, length).replace(/ $/, '.')
}
