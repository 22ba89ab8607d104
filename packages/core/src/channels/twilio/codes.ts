import type { CodeRow, TwilioCode } from './code.ts'
import titles from './code-titles.json' with { type: 'json' }
import { carrierCodes } from './codes-of-carriers.ts'
import { channelCodes } from './codes-of-channels.ts'
import { requestCodes } from './codes-of-requests.ts'

const rows: readonly CodeRow[] = [...requestCodes, ...carrierCodes, ...channelCodes]

/**
 * Twilio's error codes that come as an answer to `Messages.create` or as the `ErrorCode` of a status callback: whom each is
 * about and what is done. Twilio says that codes change and are no contract: what is not here is treated by its HTTP status, and
 * tells the operator so.
 * @see https://www.twilio.com/docs/api/errors
 */
export const twilioCodes: ReadonlyMap<number, TwilioCode> = new Map(rows)

const titleOf = new Map(Object.entries(titles))

/** Twilio's own words for a code, as far as its list is kept here. */
export function titleOfCode(code: number): string | undefined {
  return titleOf.get(String(code))
}

/** Where Twilio explains a code. */
export function linkOfCode(code: number): string {
  return `https://www.twilio.com/docs/api/errors/${code}`
}

/** Why a message that Twilio refused, or did not deliver, failed: the word that the ledger keeps. */
export function reasonOfCode(code: number): string {
  if (code === 21610) return 'opted_out'
  return code === 63016 ? 'outside_window' : `twilio_${code}`
}

/** What is known of the code in a reason that {@link reasonOfCode} gave. */
export function codeOfReason(reason: string): { code: number; entry?: TwilioCode } | undefined {
  const text = /^twilio_(\d{1,6})$/.exec(reason)?.[1]
  const code = reason === 'opted_out' ? 21610 : reason === 'outside_window' ? 63016 : Number(text)
  if (Number.isNaN(code)) return undefined
  const entry = twilioCodes.get(code)
  return { code, ...(entry && { entry }) }
}
