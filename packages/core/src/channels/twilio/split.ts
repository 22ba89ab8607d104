const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/**
 * Cuts a text into parts of at most so many characters (UTF-16 units: an emoji counts as several), in order, at a space or line
 * break where there is one in the second half of a part, and never within a grapheme. Only the white space at a cut is left out.
 */
export function splitText(text: string, most: number): string[] {
  const parts: string[] = []
  let rest = text
  while (rest.length > most) {
    const end = cutAt(rest, most)
    parts.push(rest.slice(0, end).trimEnd())
    rest = rest.slice(end).trimStart()
  }
  if (rest !== '' || parts.length === 0) parts.push(rest)
  return parts
}

function cutAt(text: string, most: number): number {
  const window = text.slice(0, most + 1)
  for (let i = most; i > most / 2; i--) if (/\s/.test(window[i] ?? '')) return i
  let end = 0
  for (const { index } of graphemes.segment(text.slice(0, most + 64))) {
    if (index > most) break
    end = index
  }
  // A grapheme that is longer than a whole part cannot be kept together.
  return end === 0 ? most : end
}
