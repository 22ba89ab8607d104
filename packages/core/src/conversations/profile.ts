import { z } from 'zod'

/**
 * What a provider tells of a person beside their message. It comes with each message and is kept with none but those that wait:
 * an agent is told when its chat begins.
 */
export const profile = z.object({
  /** As the person calls themselves on WhatsApp: their own words. */
  profile_name: z.string().optional(),
  /** Where Twilio places their number. */
  city: z.string().optional(),
  state: z.string().optional(),
  zip: z.string().optional(),
  country: z.string().optional(),
})
export type Profile = z.infer<typeof profile>
