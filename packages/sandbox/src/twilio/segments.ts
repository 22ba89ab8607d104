import { SegmentedMessage } from 'sms-segments-calculator'

/** Number of SMS segments, as Twilio counts them: 160 or 153 septets of GSM-7 each, 70 or 67 UTF-16 units of UCS-2. */
export function countSegments(body: string): number {
  return Math.max(1, new SegmentedMessage(body).segmentsCount)
}
