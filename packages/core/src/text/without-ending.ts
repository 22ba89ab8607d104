/** A text without those of the marks (single characters) that stand at its end. */
export function withoutEnding(text: string, marks: string): string {
  let end = text.length
  while (end > 0 && marks.includes(text.charAt(end - 1))) end--
  return text.slice(0, end)
}
