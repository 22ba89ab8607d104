import { type Conversations, type Pair, personAt } from '@chatlane/core'
import { z } from 'zod'
import { invalid, unprocessable } from '../parse.ts'

/** In a query a plus sign that was not encoded arrives as a space. */
const withPlus = (address: string) => address.replace(/^([a-z]+:)? (?=\d)/i, '$1+')

/** Who is meant, in a body or a query: the person, and the sender whose messages they want no more. */
export const personFields = {
  to: z.string({ error: 'expected a number, such as +14155550123' }).max(100).transform(withPlus),
  from: z.string().min(1).max(100).transform(withPlus).optional(),
}

/**
 * The pairs that a request is about.
 * @throws Problem `unreachable`, `invalid_request`, `unknown_sender`
 */
export async function pairsOf(
  conversations: Conversations,
  { to, from }: { to: string; from?: string | undefined },
): Promise<Pair[]> {
  const person = personAt(to)
  if (!person)
    throw unprocessable(
      'unreachable',
      'to',
      'expected a number that exists, with its country code, such as +14155550123 or whatsapp:+14155550123',
    )
  const pairs = await conversations.optOutPairs(person, from)
  if (!pairs) throw invalid('from', 'expected a sender, such as +15005550006, or MG and 32 hexadecimal digits')
  if (pairs.length === 0)
    throw unprocessable('unknown_sender', 'from', `the routes file has no sender for ${person.channel}: name one`)
  return pairs
}
