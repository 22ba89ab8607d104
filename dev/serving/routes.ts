import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The sandbox's numbers and web key for a developer who has no routes file yet. */
export const devNumber = '+15005550006'

/** The setting that names the routes: none if the developer has some, else a file made for this run. */
export function devRoutes(folder: string, apiPort: number): Record<string, string> {
  if (process.env.CHATLANE_CONFIG || existsSync('chatlane.yaml')) return {}
  const file = join(folder, 'chatlane.json')
  const agent_id = 'chat_agent_a'
  const allowed_origins = [`http://127.0.0.1:${apiPort}`, `http://localhost:${apiPort}`]
  const routes = {
    sms: [{ sender: devNumber, inbound_agents: [{ agent_id }], auto_close_message: 'Closing for now.' }],
    web: [{ public_key: 'pk_dev', allowed_origins, agent_id }],
  }
  writeFileSync(file, JSON.stringify(routes, undefined, 2))
  return { CHATLANE_CONFIG: file }
}
