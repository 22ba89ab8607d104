import { SegmentedMessage } from 'sms-segments-calculator'

/**
 * The segments that a text is sent in: 160 characters of GSM-7 or 70 of UCS-2 in one, 153 or 67 in each of several.
 * Files without a text are one.
 * @see https://www.twilio.com/docs/glossary/what-sms-character-limit
 */
export function countSegments(text: string): number {
  return Math.max(1, new SegmentedMessage(text).segmentsCount)
}
