/** Which way into Chatlane a person takes, and after what time of silence a chat closes there. */
export interface Way {
  channel: 'web' | 'sms'
  /** The web key, or the number that is texted to. */
  to: string
  autoCloseMs: number
}

/** Short ones, so that the closing of chats races with messages; and longer ones, in which chats live on over faults. */
export const ways: readonly Way[] = [
  { channel: 'web', to: 'pk_short', autoCloseMs: 4_000 },
  { channel: 'web', to: 'pk_long', autoCloseMs: 25_000 },
  { channel: 'sms', to: '+15005550006', autoCloseMs: 4_000 },
  { channel: 'sms', to: '+15005550010', autoCloseMs: 25_000 },
]

/** The routes file, as JSON: YAML can read it. */
export function routesFile(): string {
  const agents = ['chat_agent_a', 'chat_agent_b']
  const closing = (way: Way) => (way.autoCloseMs < 10_000 ? { auto_close_message: 'Closing for now.' } : {})
  const failure = { failure_message: 'Sorry, something went wrong.' }
  return JSON.stringify({
    sms: ways
      .filter(({ channel }) => channel === 'sms')
      .map((way) => ({
        sender: way.to,
        inbound_agents: agents.map((agent_id) => ({ agent_id })),
        auto_close_after_ms: way.autoCloseMs,
        ...closing(way),
        ...failure,
      })),
    web: ways
      .filter(({ channel }) => channel === 'web')
      .map((way, place) => ({
        public_key: way.to,
        allowed_origins: ['https://www.example.com'],
        agent_id: agents[place % agents.length],
        auto_close_after_ms: way.autoCloseMs,
        // On one of them the chat is opened ahead of the first message.
        greeting: place === 0 ? 'hide' : 'show',
        ...closing(way),
        ...failure,
      })),
  })
}
