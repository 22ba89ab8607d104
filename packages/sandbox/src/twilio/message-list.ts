import { z } from 'zod'
import { type MessageBook, type MessageFilter, messageResource } from './messages.ts'

const address = z.string().min(1).optional()
const moment = z.union([z.iso.date(), z.iso.datetime({ offset: true })]).optional()

const querySchema = z.object({
  To: address,
  From: address,
  DateSent: moment,
  /** Written `DateSent<=` and `DateSent>=` in the address, so the sign belongs to the name. */
  'DateSent<': moment,
  'DateSent>': moment,
  PageSize: z.coerce.number().pipe(z.int().min(1)).default(50),
  Page: z.coerce.number().pipe(z.int().min(0)).default(0),
  PageToken: z
    .string()
    .regex(/^PB\d+$/, 'not a token of this list')
    .optional(),
})

export interface ListQuery {
  filter: MessageFilter
  pageSize: number
  page: number
  /** Only messages created before the one with this position. */
  beforeIndex: number
  /** The filters as they were given, for the addresses of other pages. */
  given: [string, string][]
}

const dayMs = 86_400_000

export function parseListQuery(
  query: unknown,
): { success: true; data: ListQuery } | { success: false; problem: string } {
  const parsed = querySchema.safeParse(query)
  if (!parsed.success) {
    const problem = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')
    return { success: false, problem }
  }
  const { To, From, DateSent, 'DateSent<': until, 'DateSent>': from, PageSize, Page, PageToken } = parsed.data
  const filter: MessageFilter = {
    to: To,
    from: From,
    sentFrom: from === undefined ? undefined : Date.parse(from),
    sentUntil: until === undefined ? undefined : Date.parse(until),
  }
  if (DateSent !== undefined) {
    // A plain DateSent means that whole day, UTC.
    filter.sentFrom = Math.floor(Date.parse(DateSent) / dayMs) * dayMs
    filter.sentUntil = filter.sentFrom + dayMs - 1
  }
  const given = Object.entries({ To, From, DateSent, 'DateSent<': until, 'DateSent>': from }).flatMap(
    ([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]]),
  )
  const beforeIndex = PageToken === undefined ? Number.POSITIVE_INFINITY : Number(PageToken.slice(2))
  return { success: true, data: { filter, pageSize: Math.min(PageSize, 1000), page: Page, beforeIndex, given } }
}

/** One page, newest message first, with the address of the next one. */
export function pageOf(messages: MessageBook, query: ListQuery, accountSid: string) {
  const { filter, pageSize, page, beforeIndex, given } = query
  const found = messages.list(filter, beforeIndex, pageSize + 1)
  const shown = found.slice(0, pageSize)
  const last = shown.at(-1)
  const uriOf = (extra: [string, string][]) => {
    const params = new URLSearchParams([...given, ['PageSize', String(pageSize)], ...extra])
    return `/2010-04-01/Accounts/${accountSid}/Messages.json?${params}`
  }
  const hasNext = found.length > pageSize && last !== undefined
  const start = page * pageSize
  return {
    messages: shown.map((message) => messageResource(message, accountSid)),
    first_page_uri: uriOf([['Page', '0']]),
    next_page_uri: hasNext
      ? uriOf([
          ['Page', String(page + 1)],
          ['PageToken', `PB${last.index}`],
        ])
      : null,
    previous_page_uri: null,
    uri: uriOf([['Page', String(page)]]),
    page,
    page_size: pageSize,
    start,
    end: start + Math.max(0, shown.length - 1),
  }
}
