import { type Config, leave, type MediaLinks, MediaSource } from '@chatlane/core'
import { MediaTokens } from './media-tokens.ts'

/** The files of messages, as this api serves them. */
export interface ApiMedia {
  accountSid: string
  tokens: MediaTokens
  source: MediaSource
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
  const links: MediaLinks = {
    async linkTo(media) {
      return `${publicUrl}/media/${await tokens.issue(media)}`
    },
    async sizeOf(media, signal) {
      try {
        // Twilio redirects to an address that is signed for GET; of its answer only the beginning is read.
        const { size, body } = await source.open(media, signal)
        leave(body)
        return size
      } catch {
        return undefined
      }
    },
  }
  return { accountSid: twilio.accountSid, tokens, source, links }
}
