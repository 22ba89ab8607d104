import { sandboxClient } from '@chatlane/sandbox'
import { repeatedly } from '../attacker/client.ts'
import { fill, visitors } from '../attacker/conversations.ts'
import type { Row } from '../row.ts'

/** UponAI fails after it took these, so that the chat is read back and laid beside what is known. */
const UNCLEAR = 'whatever became of this'

export const longTexts: Row = {
  name: 'long texts that are read back',
  attack: 'eight conversations of 40 texts of 7,990 blanks and a number, in which a completion fails again and again',
  harmless: 'the same with short texts',
  async prepare(given) {
    const sandbox = sandboxClient(given.sandboxUrl)
    const failing = { kind: 'status', status: 500, when: 'after' } as const
    await sandbox.setFaults({
      rules: [{ target: 'uponai', operation: 'completion', match: { text_contains: UNCLEAR }, fault: failing }],
    })
    const conversations = async (text: (n: number) => string) => {
      const made = await visitors(given, 8)
      const texts = Array.from({ length: 40 }, (_, n) => text(n))
      await Promise.all(made.map((visitor) => fill(given, visitor, texts)))
      return made
    }
    const write = (made: Awaited<ReturnType<typeof visitors>>) => (signal: AbortSignal) =>
      repeatedly(signal, { atOnce: made.length, pauseMs: 2_000 }, (place) =>
        given.client.ask(`${made[place]?.path}/messages`, {
          body: { text: `${UNCLEAR} ${given.random.next()}` },
          headers: made[place]?.headers ?? {},
          from: `203.0.114.${place}`,
        }),
      )
    const long = await conversations((n) => ' '.repeat(7_990) + n)
    const short = await conversations(String)
    return { attack: write(long), harmless: write(short) }
  },
}
