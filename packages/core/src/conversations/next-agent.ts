import { chooseAgent } from '../routing/agents.ts'
import type { AgentVersionRef, Routes } from '../routing/routes.ts'
import type { Conversation } from './conversation.ts'

/**
 * The agent of a conversation's next chat: the one it has, whatever the weights are now. Only when its route lists that one no
 * more, and nobody asked for it in particular, it is the one that the route chooses. With the first chat the choice is fresh:
 * who made it may know the routes better than a process that has not read them again yet.
 */
export function nextAgent(routes: Routes, conversation: Conversation): string {
  const { agentId, agentAsked, hadChat, channel, participant, publicKey, sender, messagingServiceSid } = conversation
  if (agentAsked || !hadChat) return agentId
  if (channel === 'web') return (publicKey === undefined ? undefined : routes.webRoute(publicKey)?.agentId) ?? agentId
  const route = routes.smsRoute({ to: sender ?? '', messagingServiceSid })
  const listed = route && [...route.inboundAgents, ...route.outboundAgents].some((agent) => agent.agentId === agentId)
  return !route || listed ? agentId : chooseAgent(route.inboundAgents, participant)
}

/**
 * The version of that agent for the conversation's next chat: the one that was asked for with it, else the one that the route
 * lists now. Undefined: UponAI chooses.
 */
export function nextVersion(
  routes: Routes,
  { agentId, agentVersion, channel, publicKey, sender, messagingServiceSid }: Conversation,
): AgentVersionRef | undefined {
  if (agentVersion !== undefined) return agentVersion
  if (channel === 'web') {
    const route = publicKey === undefined ? undefined : routes.webRoute(publicKey)
    return route?.agentId === agentId ? route.agentVersion : undefined
  }
  const { inboundAgents = [], outboundAgents = [] } = routes.smsRoute({ to: sender ?? '', messagingServiceSid }) ?? {}
  return [...inboundAgents, ...outboundAgents].find((agent) => agent.agentId === agentId)?.version
}
