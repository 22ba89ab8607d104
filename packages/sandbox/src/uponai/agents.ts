/** Chat agents: every id that looks like one is known, except the one that stands for a missing agent. */
export const listedAgents = ['chat_agent_a', 'chat_agent_b', 'chat_agent_c']

const missingAgent = 'chat_agent_missing'

export function isKnownAgent(agentId: string): boolean {
  return agentId !== missingAgent && /^(chat_)?agent_./.test(agentId)
}

/** An agent as get-chat-agent answers it, in the dialect's own names. */
export function agentObject(agentId: string, engine: 'uponai-llm' | 'retell-llm') {
  return {
    agent_id: agentId,
    agent_name: `Sandbox ${agentId}`,
    version: 1,
    response_engine: { type: engine, llm_id: 'llm_sandbox' },
    end_chat_after_silence_ms: 3_600_000,
    auto_close_message: null,
    webhook_url: null,
    webhook_events: ['chat_started', 'chat_ended', 'chat_analyzed'],
  }
}
