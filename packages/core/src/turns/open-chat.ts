import { randomUUID } from 'node:crypto'
import type { Effect } from '@chatlane/lanes'
import { GIVEN_FIELDS, givenOf, keepEffects, withLost } from '../conversations/conversation.ts'
import { ledgerEffect, tightenEffects } from '../conversations/ledger.ts'
import { nextAgent, nextVersion } from '../conversations/next-agent.ts'
import { agentTexts, type Chat } from '../uponai/client.ts'
import { attempted } from './attempt.ts'
import { variablesOf } from './chat-variables.ts'
import { announce, change, rearm, type TurnContext } from './context.ts'
import { followParticipant } from './follow.ts'
import { spoken } from './history.ts'
import { outgoing } from './outgoing.ts'
import { ATTEMPT_FIELD, unheardOf } from './unheard-chats.ts'

/**
 * Opens a chat for the conversation, or adopts the one that an earlier, unclear try made; records it before it returns.
 * @param openedBy the item that wants the greeting shown, whatever the route says; absent: what the route says
 * @param keptSeconds how long the greeting is kept if nothing is said; absent: like any conversation
 * @returns how many texts of the greeting are shown
 */
export async function openChat(
  context: TurnContext,
  { openedBy, keptSeconds }: { openedBy?: string; keptSeconds?: number } = {},
): Promise<{ greetings: number }> {
  const { conversation, turn } = context
  const chat = (await unheardOf(context)) ?? (await create(context))
  // It came to a chat: no further one is to be looked for on its account.
  delete conversation.attempt
  const shown = openedBy !== undefined || context.settings.greeting === 'show'
  const greeting = shown ? agentTexts(chat.messages) : []
  const known = spoken(chat.messages).length
  const certain = { length: known, since: '' }
  const now = Date.now()
  const begin = [
    ...change(context, { chat: chat.chatId, known, certain, closed: '', attempt: null, opening: '' }),
    ...(openedBy === undefined ? [] : change(context, { opened: openedBy })),
    ledgerEffect(context.prefix, conversation.id, { kind: 'conversation', status: 'open', chatId: chat.chatId }),
    ...tightenEffects(context.prefix, conversation.id),
  ]
  await followParticipant(context)
  const { effects, adds } = outgoing(
    context,
    greeting.map((text) => ({ role: 'agent', text })),
    begin,
  )
  // A page that is left after its greeting must not leave a ledger behind for ever.
  const kept: Effect[] =
    keptSeconds === undefined
      ? keepEffects(context.prefix, conversation.id, conversation.lastActivityAt)
      : // A message that came meanwhile has set its own time.
        [['EXPIRE', context.keys.ledger, keptSeconds, 'NX']]
  const deadline = rearm(context, Math.max(conversation.lastActivityAt, now))
  await turn.record([...effects, ...kept, ...deadline, announce(context)], adds)
  conversation.chatId = chat.chatId
  conversation.knownLength = known
  conversation.certain = certain
  return { greetings: greeting.length }
}

async function create(context: TurnContext): Promise<Chat> {
  const { conversation, uponai, routes, redis, keys } = context
  const name = randomUUID()
  const agent = nextAgent(routes.current, conversation)
  const changed = agent === conversation.agentId ? {} : { agent }
  conversation.agentId = agent
  const version = nextVersion(routes.current, conversation)
  const input = () => ({
    agentId: agent,
    ...(version !== undefined && { agentVersion: version }),
    metadata: { ...conversation.metadata, conversation_id: conversation.id, [ATTEMPT_FIELD]: name },
    dynamicVariables: variablesOf(context),
  })
  conversation.lost = withLost(conversation)
  // From here on the chat before is left, whatever becomes of this: else the next try would go to it, and forget this one.
  const left = change(context, {
    chat: '',
    known: 0,
    ...changed,
    ...(conversation.attempt && { lost: conversation.lost }),
  })
  const told = tellLeft(context)
  // In the same step as the record: who changes it later finds that a chat is being opened.
  const given = ['HMGET', keys.record, ...GIVEN_FIELDS] as const
  return attempted(context, 'create', name, [given, ...left, ...told], async (options, answers) => {
    const [values] = answers ?? [await redis.hmget(keys.record, ...GIVEN_FIELDS)]
    delete conversation.metadata
    delete conversation.dynamicVariables
    Object.assign(conversation, givenOf(Array.isArray(values) ? values : []))
    return uponai.createChat(input(), options)
  })
}

/** The writes that show that the chat before is over. */
function tellLeft(context: TurnContext): Effect[] {
  const { conversation, prefix, leftChat: chatId } = context
  if (chatId === undefined) return []
  delete context.leftChat
  const entry = { kind: 'conversation', status: 'closed', chatId, reason: 'ended_upstream' } as const
  return [ledgerEffect(prefix, conversation.id, entry), announce(context)]
}
