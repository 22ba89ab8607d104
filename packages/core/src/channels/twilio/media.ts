/** A file that came with a message, by Twilio's ids: only from these is the address made at which it is fetched. */
export interface InboundMedia {
  /** Its content type as Twilio says it. */
  type: string
  accountSid: string
  messageSid: string
  mediaSid: string
}

/** More than Twilio sends with one message. */
const MOST_FILES = 10

const URL_FORM =
  /^https:\/\/api(?:\.[a-z0-9-]+){0,2}\.twilio\.com\/2010-04-01\/Accounts\/(AC[0-9a-f]{32})\/Messages\/([MS]M[0-9a-f]{32})\/Media\/(ME[0-9a-f]{32})$/i

const TYPE_FORM = /^[a-z]{1,20}\/[a-z0-9][a-z0-9.+-]{0,60}$/

/** What a file is called whose type nobody can say. */
const UNKNOWN_TYPE = 'application/octet-stream'

const SID_FORMS = { accountSid: /^AC[0-9a-f]{32}$/i, messageSid: /^[MS]M[0-9a-f]{32}$/i, mediaSid: /^ME[0-9a-f]{32}$/i }

/** The ids have the form of Twilio's, so that an address made of them is that of a file and of nothing else. */
export function hasSids({ accountSid, messageSid, mediaSid }: Omit<InboundMedia, 'type'>): boolean {
  return (
    SID_FORMS.accountSid.test(accountSid) && SID_FORMS.messageSid.test(messageSid) && SID_FORMS.mediaSid.test(mediaSid)
  )
}

/**
 * The files that a webhook's form names. What is not one of our account's, or not at Twilio, is left out: it would make us
 * call an address that somebody chose.
 * @see https://www.twilio.com/docs/messaging/guides/webhook-request#media-related-parameters
 */
export function mediaOf(form: Record<string, unknown>, accountSid: string, count: number): InboundMedia[] {
  const found: InboundMedia[] = []
  for (let i = 0; i < Math.min(count, MOST_FILES); i++) {
    const [, account, messageSid, mediaSid] = URL_FORM.exec(String(form[`MediaUrl${i}`])) ?? []
    if (account !== accountSid || messageSid === undefined || mediaSid === undefined) continue
    found.push({ type: safeType(form[`MediaContentType${i}`]), accountSid, messageSid, mediaSid })
  }
  return found
}

/** A content type without its parameters, if it has the form of one. */
export function safeType(type: unknown): string {
  const bare = typeof type === 'string' ? (type.split(';')[0] ?? '').trim().toLowerCase() : ''
  return TYPE_FORM.test(bare) ? bare : UNKNOWN_TYPE
}
