import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

export const origin = 'https://shop.example'
export const publicKey = 'pk_demo'
export const shopNumber = '+15005550006'
/** Chats that begin here are closed soon when nothing comes. */
export const infoNumber = '+15005550010'
const quietMs = 2_500
export const closingText = 'We close this chat for now. Write again any time.'

/** Writes the demo's routes file; returns its path. */
export function writeRoutes(folder: string): string {
  const file = join(folder, 'chatlane.json')
  const inbound_agents = [{ agent_id: 'chat_agent_shop' }]
  const routes = {
    sms: [
      { sender: shopNumber, inbound_agents },
      { sender: infoNumber, inbound_agents, auto_close_after_ms: quietMs, auto_close_message: closingText },
    ],
    web: [{ public_key: publicKey, allowed_origins: [origin], agent_id: 'chat_agent_shop' }],
  }
  writeFileSync(file, JSON.stringify(routes, undefined, 2))
  return file
}
