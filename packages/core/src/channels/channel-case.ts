/** One line of a channel's table: what someone sends, and all that follows. */
export interface ChannelCase {
  name: string
  /** What comes in: fields of Twilio's form besides those that every message has; on the web, of the request's body. */
  payload: Record<string, string>
  /** Files that come with it. */
  files?: { type: string; bytes: number }[]
  /** What the route does with files; default: `describe`. */
  media?: 'describe' | 'reply' | 'ignore'
  /** What the agent reads, with `<link>` for each link to a file; absent: it is not asked. */
  reads?: string
  /** What the agent answers; default: `ok`. */
  answers?: string
  /** What the ledger says of the message in the end; `text`: as the agent reads it. Absent: it is not stored. */
  stored?: { status: 'answered' | 'dropped'; reason?: string; text?: string; files?: string[] }
  /** What Twilio is given to send, in order. */
  sent: { body: string; files?: string[] }[]
}

/** What they tell people who opt out where Twilio does not. */
export const OPT_OUT_TEXT = 'You will get no more messages from us. Reply START if you want them again.'

/** What the routes of these tables tell people who send files to `reply`. */
export const MEDIA_REPLY = 'I can only read text.'
