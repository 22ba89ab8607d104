import type { LedgerMedia } from '../../conversations/ledger-media.ts'
import { ourWords } from '../../conversations/voices.ts'
import type { MediaPolicy } from '../../routing/routes.ts'
import type { InboundSms } from './inbound.ts'
import type { InboundMedia } from './media.ts'

/** Where files are had, for a door behind which an api serves them. */
export interface MediaLinks {
  /** A link under which our api serves the file for a day. */
  linkTo(media: InboundMedia): Promise<string>
  /** How many bytes it has; undefined when nobody says so before the signal. */
  sizeOf(media: InboundMedia, signal: AbortSignal): Promise<number | undefined>
}

/** A message as it is taken in. */
export interface ReadSms {
  /** What the agent reads. Decided once: after an unclear completion exactly this text is looked for. */
  text: string
  /** Names the message whatever was found out about its files. */
  print: string
  media: LedgerMedia[]
  /** It holds nothing for the agent. */
  dropped?: 'media'
  /** What the person is told at once. */
  reply?: string
}

/** For the sizes of all files of a message together: Twilio waits for the webhook's answer meanwhile. */
const SIZES_WITHIN_MS = 2_000

/** What the policy makes of a message. */
export async function readSms(sms: InboundSms, policy: MediaPolicy, links?: MediaLinks): Promise<ReadSms> {
  const { text: body = '', attachments } = sms
  const print = JSON.stringify([body, attachments])
  if (attachments === 0) return { text: body, print, media: [] }
  const media = await Promise.all(
    sms.media.map(
      async (file): Promise<LedgerMedia> => ({
        type: file.type,
        ...(links && { url: await links.linkTo(file) }),
      }),
    ),
  )
  if (policy.policy === 'describe') {
    const text = [body, await description(sms, media, links)].filter((part) => part !== '').join('\n\n')
    return { text, print, media }
  }
  const reply = policy.policy === 'reply' && policy.text !== undefined ? { reply: policy.text } : {}
  return { text: body, print, media, ...reply, ...(body === '' && { dropped: 'media' }) }
}

/** One line per file, and one for those that cannot be had. */
async function description(sms: InboundSms, media: readonly LedgerMedia[], links?: MediaLinks): Promise<string> {
  const signal = AbortSignal.timeout(SIZES_WITHIN_MS)
  const sizes = await Promise.all(sms.media.map((file) => links?.sizeOf(file, signal)))
  const shown = media.flatMap(({ type, url }, i) => {
    const size = sizes[i]
    return url === undefined ? [] : [ourWords(`${size === undefined ? type : `${type}, ${sizeText(size)}`}: ${url}`)]
  })
  const missing = sms.attachments - shown.length
  if (missing > 0)
    shown.push(
      ourWords(`The person sent ${missing} ${missing === 1 ? 'attachment' : 'attachments'} that cannot be shown here.`),
    )
  return shown.join('\n')
}

function sizeText(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`
  const kB = Math.round(bytes / 1_000)
  return kB < 1_000 ? `${kB} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}
