import { setTimeout as passed } from 'node:timers/promises'
import type { SandboxClient } from '@chatlane/sandbox'

const lookEveryMs = 3_000

/**
 * Waits until no chat at UponAI goes on any more. A request to make one may take effect after everybody gave it up; such
 * chats are looked for once more after twice the grace time, and then ended.
 * @param mostMs gives up after that: what still goes on is for the comparison to find
 */
export async function untilChatsAreOver(
  sandbox: Pick<SandboxClient, 'chats'>,
  mostMs: number,
  onWaiting: (ongoing: number) => void,
): Promise<void> {
  const deadline = Date.now() + mostMs
  for (;;) {
    const ongoing = (await sandbox.chats()).filter(({ status }) => status === 'ongoing').length
    const left = deadline - Date.now()
    if (ongoing === 0 || left <= 0) return
    onWaiting(ongoing)
    await passed(Math.min(lookEveryMs, left))
  }
}
