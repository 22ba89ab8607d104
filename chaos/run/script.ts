import type { ScriptInput } from '@chatlane/sandbox'

/** To this the agent answers and then ends the chat. */
export const farewell = 'bye'

/**
 * What the agents say. The answer to a text begins with `echo: ` and the text; whatever else is said is not about any text.
 * One agent just answers; the other one greets, calls tools and says more than one thing.
 */
export const script: ScriptInput = {
  rules: [
    { agent: 'chat_agent_b', greeting: ['Hello, how can I help?'] },
    { text: farewell, answer: ['echo: {text}'], end_chat: true },
    {
      agent: 'chat_agent_b',
      answer: [
        { role: 'tool_call_invocation', tool_call_id: 'call_1', name: 'look_up', arguments: '{"order":1}' },
        { role: 'tool_call_result', tool_call_id: 'call_1', content: '{"found":true}' },
        'echo: {text}',
        'Is there anything else?',
      ],
    },
  ],
}
