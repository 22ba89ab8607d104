import type { Random } from '../random.ts'
import { farewell } from '../run/script.ts'

/** What people say over and over: equal texts in one chat are the hardest to tell apart afterwards. */
const common = ['ok', 'yes', 'no', 'thanks', 'what?', 'and then?', 'ok', 'yes', farewell]

const words = 'parcel order number delivery street tomorrow refund colour size hello invoice again wrong late'.split(
  ' ',
)

/** Three in ten are said by everybody; the others nobody else says. */
export function textOf(random: Random, person: string, n: number): string {
  if (random.chance(0.3)) return random.pick(common)
  const more = Array.from({ length: random.whole(1, 6) }, () => random.pick(words)).join(' ')
  return `${person} ${n}: ${more}`
}
