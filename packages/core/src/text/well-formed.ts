/**
 * A text as it is kept, said and sent everywhere: without halves of characters (lone surrogates), which one store keeps and
 * another one replaces, and without NUL, which some refuse. U+FFFD stands in their place.
 */
export function wellFormed(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD')
}
