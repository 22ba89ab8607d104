import { z } from 'zod'

/** Twilio's own list of its error codes, for anyone to load. */
export const TWILIO_LIST = 'https://www.twilio.com/docs/api/errors/twilio-error-codes.json'

/** Twilio's list: what else it says of a code is not kept. */
const list = z.array(z.object({ code: z.int(), message: z.string() }))

/** Where the codes lie that can be about a message: webhooks, the API, scheduling, carriers, channels. */
const KEPT: readonly (readonly [from: number, to: number])[] = [
  [11200, 11220],
  [12300, 12300],
  [14100, 14119],
  [20000, 20599],
  [21200, 21299],
  [21400, 21419],
  [21600, 21799],
  [21900, 21929],
  [30000, 30699],
  [35100, 35139],
  [63000, 63099],
]

/** Of those, what is about calls, TwiML, registrations, phone numbers and link shortening. */
const ELSEWHERE: readonly (readonly [from: number, to: number])[] = [
  [11201, 11204],
  [11206, 11216],
  [11218, 11220],
  [14100, 14106],
  [14108, 14119],
  [20001, 20002],
  [20004, 20004],
  [20007, 20007],
  [20009, 20009],
  [20011, 20199],
  [20409, 20410],
  [20426, 20426],
  [21200, 21210],
  [21213, 21216],
  [21218, 21218],
  [21220, 21263],
  [21401, 21407],
  [21409, 21409],
  [21613, 21613],
  [21615, 21615],
  [21625, 21625],
  [21627, 21634],
  [21636, 21652],
  [21662, 21699],
  [21706, 21708],
  [21710, 21710],
  [21712, 21729],
  [21731, 21799],
  [21902, 21909],
  [30009, 30009],
  [30025, 30026],
  [30028, 30031],
  [30100, 30409],
  [30436, 30449],
  [30451, 30452],
  [30455, 30609],
  [30645, 30699],
  [35100, 35110],
  [35127, 35139],
  [63043, 63048],
]

const isIn = (ranges: typeof KEPT, code: number) => ranges.some(([from, to]) => code >= from && code <= to)

export type Titles = Readonly<Record<string, string>>

/**
 * The titles that are kept of Twilio's list, by code.
 * @throws ZodError when it is no such list
 */
export function titlesOf(text: string): Titles {
  const titles = list
    .parse(JSON.parse(text))
    .filter(({ code }) => isIn(KEPT, code))
    .toSorted((a, b) => a.code - b.code)
    .map(({ code, message }) => [String(code), message.replace(/\s+/g, ' ').trim()] as const)
  return Object.fromEntries(titles)
}

/** Codes that may be about a message and have no rule. */
export function withoutRule(titles: Titles, rules: ReadonlyMap<number, unknown>): number[] {
  return Object.keys(titles)
    .map(Number)
    .filter((code) => !rules.has(code) && !isIn(ELSEWHERE, code))
}

/** What is in one list and not, or otherwise, in the other: a line each. */
export function differences(before: Titles, after: Titles): string[] {
  const codes = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted((a, b) => Number(a) - Number(b))
  return codes
    .filter((code) => before[code] !== after[code])
    .map((code) => `${code}  ${before[code] ?? '(new)'}  ->  ${after[code] ?? '(gone)'}`)
}
