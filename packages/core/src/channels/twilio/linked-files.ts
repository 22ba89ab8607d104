import type { Role } from '../../conversations/ledger.ts'
import type { CarriedChannel } from '../channel.ts'
import { CHANNELS } from '../channels.ts'

/** Endings of files that Twilio's channels carry. */
const FILE = /\.(jpe?g|png|gif|webp|mp4|3gp|mp3|ogg|amr|aac|m4a|pdf|vcf)$/i

/** A link, alone or as Markdown writes it: `https://…`, `[label](https://…)`, `![what it shows](https://…)`. */
const LINK = /(!?)\[([^[\]\n]*)\]\((https:\/\/[^\s()]+)\)|https:\/\/[^\s<>"'()[\]]+/g

/**
 * Takes the links to files out of a text, to be sent as the files themselves.
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
  const rest = text.replace(LINK, (whole: string, mark = '', label = '', inMarkdown?: string) => {
    if (inMarkdown !== undefined) return take(inMarkdown) ? (mark === '!' ? '' : label) : whole
    const url = whole.replace(/[.,;:!?]+$/, '')
    return take(url) ? whole.slice(url.length) : whole
  })
  return media.length === 0 ? { text } : { text: tidy(rest), media }
}

/** What is sent of a message: an agent's links to files as the files themselves, where the route says so. */
export function deliveryContent(
  { role, text }: { role: Role; text: string },
  channel: CarriedChannel['name'],
  sendLinks: boolean,
): { text: string; media?: string[] } {
  return sendLinks && role === 'agent' ? takeFiles(text, CHANNELS[channel].mostFiles) : { text }
}

function isFile(url: string): boolean {
  const { username, pathname } = URL.parse(url) ?? {}
  return username === '' && pathname !== undefined && FILE.test(pathname)
}

/** Without the gaps that were left. */
function tidy(text: string): string {
  return text
    .replace(/ {2,}/g, ' ')
    .replace(/ +$/gm, '')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
}
