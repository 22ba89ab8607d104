import { z } from 'zod'

/** A part of a measurement: the warm-up, or what is measured. Message n is the nth of participant n modulo participants. */
export const phaseSchema = z.object({
  /** Sets participants and Twilio's ids of two phases apart. */
  name: z.string().length(1),
  messages: z.int().positive(),
  participants: z.int().positive(),
})
export type Phase = z.infer<typeof phaseSchema>

export const accountSid = `AC${'0'.repeat(31)}1`
export const authToken = '00000000000000000000000000000001'
export const sender = '+15005550006'

/** A message's text begins with its number, and so does the answer to it. */
export function text(message: number): string {
  return `${String(message).padStart(8, '0')} What are your opening hours on the day after tomorrow, and`.padEnd(
    80,
    '.',
  )
}

export function participantOf(phase: Phase, message: number): string {
  return `+1${phase.name === 'w' ? '202' : '303'}${String(2_000_000 + (message % phase.participants))}`
}

export function messageSidOf(phase: Phase, message: number): string {
  return `SM${phase.name === 'w' ? '0' : '1'}${String(message).padStart(31, '0')}`
}
