import { withoutEnding } from '../../text/without-ending.ts'

/** Endings of files that Twilio's channels carry. */
const FILE = /\.(jpe?g|png|gif|webp|mp4|3gp|mp3|ogg|amr|aac|m4a|pdf|vcf)$/i

const SCHEME = 'https://'

/** Where a link may begin. */
const BEGINNING = /\[|https:\/\//g
const AFTER_LABEL = /[[\]\n]/g
const AFTER_MARKDOWN_URL = /[\s()]/g
const AFTER_URL = /[\s<>"'()[\]]/g

/** Marks that end a sentence, not a link. */
const SENTENCE_MARKS = '.,;:!?'

/**
 * Takes the links to files out of a text, to be sent as the files themselves: links alone or as Markdown writes them,
 * `https://…`, `[label](https://…)`, `![what it shows](https://…)`.
 * @param most how many at most; further ones stay links
 * @returns the text without them, empty when there was nothing else, and the links in their order, each once
 */
export function takeFiles(text: string, most: number): { text: string; media?: string[] } {
  const media: string[] = []
  const take = (url: string): boolean => {
    if (media.includes(url)) return true
    if (media.length === most || !isFile(url)) return false
    media.push(url)
    return true
  }
  const kept: string[] = []
  let from = 0
  for (let at = next(BEGINNING, text, 0); at < text.length; ) {
    const link = linkAt(text, at)
    if (link && take(link.url)) {
      kept.push(text.slice(from, link.start), link.label)
      from = link.end
    }
    at = next(BEGINNING, text, link ? link.end : at + 1)
  }
  if (media.length === 0) return { text }
  kept.push(text.slice(from))
  return { text: tidy(kept.join('')), media }
}

interface Link {
  start: number
  end: number
  url: string
  /** What stays of it in the text. */
  label: string
}

function linkAt(text: string, at: number): Link | undefined {
  return text[at] === '[' ? markdownLinkAt(text, at) : bareLinkAt(text, at)
}

function markdownLinkAt(text: string, at: number): Link | undefined {
  const labelEnd = next(AFTER_LABEL, text, at + 1)
  if (!text.startsWith(`](${SCHEME}`, labelEnd)) return undefined
  const urlStart = labelEnd + 2
  const urlEnd = next(AFTER_MARKDOWN_URL, text, urlStart)
  if (text[urlEnd] !== ')' || urlEnd === urlStart + SCHEME.length) return undefined
  const isImage = text[at - 1] === '!'
  return {
    start: isImage ? at - 1 : at,
    end: urlEnd + 1,
    url: text.slice(urlStart, urlEnd),
    label: isImage ? '' : text.slice(at + 1, labelEnd),
  }
}

function bareLinkAt(text: string, at: number): Link {
  const url = withoutEnding(text.slice(at, next(AFTER_URL, text, at)), SENTENCE_MARKS)
  return { start: at, end: at + url.length, url, label: '' }
}

/** The first place from there on that the pattern finds, or the end of the text. */
function next(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from
  return pattern.exec(text)?.index ?? text.length
}

function isFile(url: string): boolean {
  const { username, pathname } = URL.parse(url) ?? {}
  return username === '' && pathname !== undefined && FILE.test(pathname)
}

/** Without the gaps that were left. */
function tidy(text: string): string {
  return text
    .replace(/ {2,}/g, ' ')
    .replace(/ $/gm, '')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
}
