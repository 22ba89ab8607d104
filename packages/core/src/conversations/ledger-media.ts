import { z } from 'zod'

/** A file of a message, as the API shows it. */
const ledgerMedia = z.object({
  /** Its content type. */
  type: z.string(),
  /** Where our api serves it for a day; absent: it cannot be had. */
  url: z.string().optional(),
})
export type LedgerMedia = z.infer<typeof ledgerMedia>

const stored = z.array(ledgerMedia)

/** The fields of a ledger entry that hold its files; none for a message without. */
export function encodeMedia(media: readonly LedgerMedia[] | undefined): string[] {
  return media === undefined || media.length === 0 ? [] : ['files', JSON.stringify(media)]
}

/** Reads what {@link encodeMedia} wrote. */
export function decodeMedia(field: string | undefined): { media?: LedgerMedia[] } {
  return field === undefined ? {} : { media: stored.parse(JSON.parse(field)) }
}
