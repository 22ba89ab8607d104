import { type Config, leave, type MediaLinks, MediaSource } from '@chatlane/core'
import { MediaReaders } from './media-readers.ts'
import { MediaTokens } from './media-tokens.ts'

/** The files of messages, as this api serves them. */
export interface ApiMedia {
  accountSid: string
  tokens: MediaTokens
  source: MediaSource
  readers: MediaReaders
  links: MediaLinks
}

/** Undefined without Twilio. */
export function apiMedia({
  twilio,
  publicUrl = '',
  sessionSecret,
}: Pick<Config, 'twilio' | 'publicUrl' | 'sessionSecret'>): ApiMedia | undefined {
  if (!twilio) return undefined
  const tokens = new MediaTokens(sessionSecret)
  const source = new MediaSource(twilio)
  // Inbound messages wait for sizes: their connections are shared with nobody who reads.
  const sizes = new MediaSource(twilio)
  const links: MediaLinks = {
    async linkTo(media) {
      return `${publicUrl}/media/${await tokens.issue(media)}`
    },
    async sizeOf(media, signal) {
      try {
        // Twilio redirects to an address that is signed for GET; of its answer only the beginning is read.
        const { size, body } = await sizes.open(media, signal)
        leave(body)
        return size
      } catch {
        return undefined
      }
    },
  }
  return { accountSid: twilio.accountSid, tokens, source, readers: new MediaReaders(), links }
}
