import { LeaseLostError } from '@chatlane/lanes'
import type { TwilioConfig } from '../../config/config.ts'
import { classify, SmsError } from './sms-error.ts'
import { beginning, createTwilioClient } from './twilio-client.ts'

/** What a message says. */
export type OutgoingContent =
  | {
      /** May be empty with files. */
      body: string
      /** Links from which Twilio reads the files that go with it. */
      mediaUrl?: string[]
    }
  /** A template of Twilio's Content API, its variables as JSON. */
  | { contentSid: string; contentVariables: string }

export type OutgoingSms = OutgoingContent & {
  to: string
  from?: string
  messagingServiceSid?: string
  /** Where Twilio tells what becomes of the message. */
  statusCallback?: string
}

/** What is looked for among the messages that Twilio has. */
export interface SmsSearch {
  to: string
  /** Our address, or else the Messaging Service that chose one. */
  from?: string
  messagingServiceSid?: string
  body: string
  /** How many files went with it; default: none. */
  files?: number
  /** Created at this time or later, ms, by the clock of any of ours. */
  since: number
  /** Ids of messages that are known to be others. */
  except: readonly string[]
}

/** What a search showed. */
export interface SmsFinding {
  /** Twilio's id of the oldest message with this text. */
  sid?: string
  /** There are others that nobody knows, with another text: Twilio may have changed ours. */
  similar: boolean
}

export interface SmsSender {
  /**
   * Asks Twilio for something that needs the credentials and changes nothing.
   * @throws SmsError
   */
  check(): Promise<void>
  /**
   * Resolves with Twilio's id of the message.
   * @param begin asked when the request is about to be written to its connection; throws LeaseLostError when it must not be
   * @throws SmsError, LeaseLostError
   */
  send(message: OutgoingSms, begin: () => void): Promise<string>
  /** @throws SmsError, also when there are more messages than are looked at */
  find(search: SmsSearch): Promise<SmsFinding>
}

/** Messages per request; sends to one address are seconds apart, so one page is usually enough. */
const PAGE_SIZE = 50
const MOST_PAGES = 20

/**
 * How far times may be apart: Twilio's have whole seconds, two of its servers may differ a little, and a call is looked for
 * by another worker than the one that noted, by its own clock, when it began. The longer, the more foreign messages make a
 * search unclear; those that were sent here are known.
 */
export const CLOCK_TOLERANCE_MS = 30_000

/** What Twilio puts before every text of a trial account. */
const TRIAL = 'Sent from your Twilio trial account - '

/** Sends through Twilio's REST API with Twilio's own library. Nothing is repeated here. */
export function createSmsSender(config: TwilioConfig): SmsSender {
  const client = createTwilioClient(config)
  return {
    async check() {
      try {
        await client.messages.page({ pageSize: 1 })
      } catch (error) {
        throw classify(error)
      }
    },

    async send({ to, from, messagingServiceSid, statusCallback, ...content }, begin) {
      try {
        const created = await beginning(begin, () =>
          client.messages.create({
            to,
            ...said(content),
            // The sender that the participant wrote to; a Messaging Service alone would choose one of its own.
            ...(from !== undefined && { from }),
            ...(messagingServiceSid !== undefined && { messagingServiceSid }),
            ...(statusCallback !== undefined && { statusCallback }),
          }),
        )
        return requireSid(created.sid)
      } catch (error) {
        if (error instanceof LeaseLostError) throw error
        throw classify(error)
      }
    },

    async find({ to, from, messagingServiceSid, body, files = 0, since, except }) {
      try {
        const finding: SmsFinding = { similar: false }
        const answer = await client.messages.pageWithHttpInfo({
          to,
          pageSize: PAGE_SIZE,
          ...(from !== undefined && { from }),
        })
        const oldest = since + aheadOfUs(answer.headers) - CLOCK_TOLERANCE_MS
        let page: Pick<typeof answer.body, 'instances' | 'nextPage'> | undefined = answer.body
        for (let pages = 1; page; pages++) {
          // Newest first: the last one that fits is the oldest.
          for (const message of page.instances) {
            if (message.dateCreated.getTime() < oldest || except.includes(message.sid)) continue
            if (message.direction === 'inbound') continue
            if (from === undefined && message.messagingServiceSid !== messagingServiceSid) continue
            if (isSid(message.sid) && isText(message.body, body) && (files === 0 || Number(message.numMedia) === files))
              finding.sid = message.sid
            else finding.similar = true
          }
          const last = page.instances.at(-1)
          if (last && last.dateCreated.getTime() < oldest) break
          if (pages === MOST_PAGES) throw new SmsError('unclear', 'unclear', `more than ${pages * PAGE_SIZE} messages`)
          page = await page.nextPage()
        }
        return finding
      } catch (error) {
        throw classify(error)
      }
    },
  }
}

/** The library passes on what an answer says, whatever that is. */
function requireSid(sid: unknown): string {
  if (isSid(sid)) return sid
  throw new SmsError('unclear', 'unclear', "Twilio's answer has no id of a message", { answered: true })
}

function isSid(sid: unknown): sid is string {
  return typeof sid === 'string' && /^[A-Z]{2}[0-9a-f]{32}$/i.test(sid)
}

/** Whether Twilio's text is ours. Of a message that is files alone it has none. */
function isText(theirs: string | null, ours: string): boolean {
  const text = theirs ?? ''
  return text === ours || text === TRIAL + ours || (ours === '' && text === TRIAL.trimEnd())
}

/**
 * How far Twilio's clock is ahead of ours at least, ms, by the `Date` of an answer that arrived just now. Searched with our
 * own clock alone, a message that took effect could seem older than its call, and be sent again.
 */
function aheadOfUs(headers: unknown): number {
  const date = typeof headers === 'object' && headers !== null ? Reflect.get(headers, 'date') : undefined
  const at = typeof date === 'string' ? Date.parse(date) : Number.NaN
  return Number.isNaN(at) ? 0 : at - Date.now()
}

function said(content: OutgoingContent) {
  if ('contentSid' in content) return content
  const { body, ...files } = content
  return { ...(body !== '' && { body }), ...files }
}
