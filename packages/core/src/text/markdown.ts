import type { SyntaxNode } from '@lezer/common'
import { Autolink, parser, Strikethrough } from '@lezer/markdown'

/** What a channel writes around a text that stands out; empty: nothing. */
export interface TextMarks {
  strong: string
  emphasis: string
  strike: string
  mono: string
}

/** For channels that show a text as it is. */
export const PLAIN_TEXT: TextMarks = { strong: '', emphasis: '', strike: '', mono: '' }

/** A replacement in the text. */
interface Edit {
  from: number
  to: number
  text: string
}

const markdown = parser.configure([Strikethrough, Autolink])

/** Without one of these there is no Markdown that would be changed. */
const MARK = /[*_`#[~<]/

/**
 * What is parsed at once, in characters: inside a paragraph the parser takes quadratic time. A line or a block of code that is
 * longer stays as it is.
 */
const MOST_AT_ONCE = 2_000

/**
 * Turns an agent's Markdown into what a channel shows: emphasis, code, headings and links. Everything else, white space too,
 * stays as it is: a text without Markdown comes back unchanged. Takes time linear in the text.
 */
export function fromMarkdown(text: string, marks: TextMarks): string {
  if (!MARK.test(text)) return text
  return piecesOf(text)
    .map((piece) => (piece.length > MOST_AT_ONCE || !MARK.test(piece) ? piece : convert(piece, marks)))
    .join('')
}

const FENCE = /^ {0,3}(`{3,}|~{3,})/

/** Cuts a text at the ends of lines into pieces that are parsed on their own: paragraphs, or parts of long ones. */
function piecesOf(text: string): string[] {
  const pieces: string[] = []
  let piece = ''
  let fence: string | undefined
  const lines = text.split(/(?<=\n)/)
  for (const line of lines) {
    const mark = FENCE.exec(line)?.[1]
    if (
      fence === undefined &&
      (line.trim() === '' || mark !== undefined || piece.length + line.length > MOST_AT_ONCE)
    ) {
      pieces.push(piece)
      piece = ''
    }
    piece += line
    const begins = fence === undefined && mark !== undefined
    const ends = fence !== undefined && mark?.startsWith(fence) && line.trim() === mark
    if (begins) fence = mark
    if (!ends) continue
    fence = undefined
    pieces.push(piece)
    piece = ''
  }
  return [...pieces, piece]
}

function convert(text: string, marks: TextMarks): string {
  const edits: Edit[] = []
  const escapes: Edit[] = []
  let heading = -1
  markdown.parse(text).iterate({
    enter({ name, node, from, to }) {
      // In a heading that is strong as a whole nothing more is.
      const strong = from < heading ? '' : marks.strong
      if (name.startsWith('ATXHeading')) heading = to
      if (name === 'Escape') escapes.push({ from, to: from + 1, text: '' })
      else edits.push(...editsOf(text, name, node, { ...marks, strong }))
    },
  })
  if (edits.length === 0) return text
  return apply(text, [...edits, ...escapes])
}

function apply(text: string, edits: readonly Edit[]): string {
  let done = ''
  let at = 0
  for (const edit of edits.toSorted((a, b) => a.from - b.from || a.to - b.to)) {
    if (edit.from < at) continue
    done += text.slice(at, edit.from) + edit.text
    at = edit.to
  }
  return done + text.slice(at)
}

function editsOf(text: string, name: string, node: SyntaxNode, marks: TextMarks): Edit[] {
  switch (name) {
    case 'StrongEmphasis':
      return isEmphasis(text, node, 2) ? around(node, 'EmphasisMark', marks.strong) : []
    case 'Emphasis':
      return isEmphasis(text, node, 1) ? around(node, 'EmphasisMark', marks.emphasis) : []
    case 'Strikethrough':
      return around(node, 'StrikethroughMark', marks.strike)
    case 'InlineCode':
      return around(node, 'CodeMark', marks.mono)
    case 'FencedCode':
      return fencedCode(text, node, marks.mono)
    case 'Autolink':
      return around(node, 'LinkMark', '')
    case 'Link':
    case 'Image':
      return link(text, node)
    default:
      return name.startsWith('ATXHeading') ? headingEdits(text, node, marks.strong) : []
  }
}

/** The first and the last child of that name, replaced. */
function around(node: SyntaxNode, mark: string, text: string): Edit[] {
  const found = node.getChildren(mark)
  const [first, last] = [found[0], found.at(-1)]
  if (!first || !last || first === last) return []
  return [
    { from: first.from, to: first.to, text },
    { from: last.from, to: last.to, text },
  ]
}

const LETTER_OR_DIGIT = /[\p{L}\p{N}]/u
const ASCII = /[A-Za-z0-9]/
/** What something that stands out begins with; not the `.` of `*.txt`. */
const BEGINNING = /^[\p{L}\p{N}\p{Extended_Pictographic}\p{S}"'“‘„«‚(¿¡*_~`[<#@-]/u

/**
 * Whether a person would read it as emphasis. Markdown does in `2*3*4` and `__init__`, too. Strong text may stand inside of words of
 * scripts that are written without spaces.
 */
function isEmphasis(text: string, { from, to }: SyntaxNode, mark: 1 | 2): boolean {
  const inner = text.slice(from + mark, to - mark)
  const outside = mark === 1 ? LETTER_OR_DIGIT : ASCII
  if (outside.test(text[from - 1] ?? '') || outside.test(text[to] ?? '')) return false
  if (mark === 2 && text[from] === '_' && /^\w+$/.test(inner)) return false
  return BEGINNING.test(inner)
}

function headingEdits(text: string, node: SyntaxNode, strong: string): Edit[] {
  const [opening, closing] = node.getChildren('HeaderMark')
  if (!opening) return []
  let begin = opening.to
  while (/[ \t]/.test(text[begin] ?? '')) begin++
  let end = closing?.from ?? node.to
  while (end > begin && /[ \t]/.test(text[end - 1] ?? '')) end--
  if (begin >= end) return []
  return [
    { from: node.from, to: begin, text: strong },
    { from: end, to: node.to, text: strong },
  ]
}

function fencedCode(text: string, node: SyntaxNode, mono: string): Edit[] {
  const [opening, closing] = node.getChildren('CodeMark')
  const firstEnd = text.indexOf('\n', node.from)
  if (!opening || firstEnd === -1 || firstEnd >= node.to) return []
  const begin = { from: opening.from, to: firstEnd + 1, text: mono }
  if (!closing) return [begin, { from: node.to, to: node.to, text: mono }]
  const end = Math.max(firstEnd + 1, text.lastIndexOf('\n', closing.from))
  return [begin, { from: end, to: closing.to, text: mono }]
}

/** `[label](https://…)`: the label, and where it leads to in brackets. */
function link(text: string, node: SyntaxNode): Edit[] {
  const [opening, middle] = node.getChildren('LinkMark')
  // A label may be a link itself.
  const target = node.getChildren('URL').find(({ from }) => from > (middle?.from ?? 0))
  if (!opening || !middle || !target) return []
  const url = text.slice(target.from, target.to).replace(/^<|>$/g, '')
  if (!/^(https?:|mailto:|tel:)/i.test(url)) return []
  const label = text.slice(opening.to, middle.from).trim()
  const bare = url.replace(/^(mailto:|tel:)/i, '')
  if (label === '' || label === url || label === bare) {
    return [{ from: node.from, to: node.to, text: label === bare ? bare : url }]
  }
  return [
    { from: opening.from, to: opening.to, text: '' },
    { from: middle.from, to: node.to, text: ` (${url})` },
  ]
}
