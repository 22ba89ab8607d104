import { ORIGIN, PUBLIC_KEY } from '../attacker/conversations.ts'

export const WRITTEN_TO = '+15005550006'
export const DESCRIBES_FILES = '+15005550010'
export const SENDS_LINKS = '+15005550011'

/** The routes file, as JSON: YAML can read it. */
export function routesFile(): string {
  const inbound_agents = [{ agent_id: 'chat_agent_a' }]
  return JSON.stringify({
    sms: [
      { sender: WRITTEN_TO, inbound_agents },
      { sender: DESCRIBES_FILES, inbound_agents, media: { policy: 'describe' } },
      { sender: SENDS_LINKS, inbound_agents, media: { policy: 'describe', send_links: true } },
    ],
    web: [{ public_key: PUBLIC_KEY, allowed_origins: [ORIGIN], agent_id: 'chat_agent_a' }],
  })
}
