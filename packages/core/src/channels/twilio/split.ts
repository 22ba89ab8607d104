const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/**
 * Cuts a text into parts of at most so many characters (UTF-16 units: an emoji counts as several), in order, at a space or line
 * break where there is one in the second half of a part, and never within a grapheme. Only the white space at a cut is left out.
 */
export function splitText(text: string, most: number): string[] {
  const parts: string[] = []
  let start = 0
  while (text.length - start > most) {
    const window = text.slice(start, start + most + 64)
    const end = cutAt(window, most)
    parts.push(window.slice(0, end).trimEnd())
    NOT_SPACE.lastIndex = start + end
    start = NOT_SPACE.exec(text)?.index ?? text.length
  }
  if (start < text.length || parts.length === 0) parts.push(text.slice(start))
  return parts
}

const NOT_SPACE = /\S/g

/** @param window the text up to there, and a little more: what a grapheme may go on with */
function cutAt(window: string, most: number): number {
  for (let i = most; i > most / 2; i--) if (/\s/.test(window[i] ?? '')) return i
  let end = 0
  for (const { index } of graphemes.segment(window)) {
    if (index > most) break
    end = index
  }
  // A grapheme that is longer than a whole part cannot be kept together.
  return end === 0 ? most : end
}
