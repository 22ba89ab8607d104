import type {
  ApiMetrics,
  Config,
  ConversationDeadLetters,
  Conversations,
  connectRedis,
  LiveEvents,
  Logger,
  RoutesHolder,
  StatusDoor,
  UponAIClient,
} from '@chatlane/core'
import express, { type Express } from 'express'
import helmet from 'helmet'
import { ApiKeys } from './auth/api-keys.ts'
import { ConversationAccess } from './auth/conversation-access.ts'
import { ConversationTokens } from './auth/conversation-tokens.ts'
import { cors } from './auth/cors.ts'
import { BodyBudget } from './bodies/body-budget.ts'
import { jsonBody } from './bodies/json-body.ts'
import { deleteChat } from './chats/delete.ts'
import { getChat } from './chats/get.ts'
import { listChats } from './chats/list.ts'
import { rerunAnalysis } from './chats/rerun-analysis.ts'
import { creationBody, messageBody } from './conversations/bodies.ts'
import { createConversation } from './conversations/create.ts'
import { endConversation } from './conversations/end.ts'
import type { EventStreams } from './conversations/event-streams.ts'
import { conversationEvents } from './conversations/events.ts'
import { getConversation } from './conversations/get.ts'
import { handOffConversation } from './conversations/handoff.ts'
import { linkConversation } from './conversations/link.ts'
import { listConversations } from './conversations/list.ts'
import { listMessages } from './conversations/list-messages.ts'
import { postMessage } from './conversations/post-message.ts'
import { postReply } from './conversations/post-reply.ts'
import { resumeConversation } from './conversations/resume.ts'
import { updateConversation } from './conversations/update.ts'
import { getDeadLetter } from './dead-letters/get.ts'
import { listDeadLetters } from './dead-letters/list.ts'
import { removeDeadLetter } from './dead-letters/remove.ts'
import { replayDeadLetter } from './dead-letters/replay.ts'
import { replayDeadLetters } from './dead-letters/replay-all.ts'
import { healthz } from './health/healthz.ts'
import type { Readiness } from './health/readiness.ts'
import { readyz } from './health/readyz.ts'
import { HeldAnswers } from './limits/held-answers.ts'
import { RateLimits } from './limits/rate-limits.ts'
import { ReadGate } from './limits/read-gate.ts'
import { warnOfProxy } from './limits/warn-of-proxy.ts'
import { apiMedia } from './media/api-media.ts'
import { getMedia } from './media/get-media.ts'
import { countUnavailable } from './message-count.ts'
import { addOptOut } from './opt-outs/add.ts'
import { listOptOuts } from './opt-outs/list.ts'
import { removeOptOut } from './opt-outs/remove.ts'
import { refuseOtherMethods } from './other-methods.ts'
import { listPauses, type PausesOf } from './pauses/list.ts'
import { problemHandler, unknownRoute } from './problem-handler.ts'
import { requestLog } from './request-log.ts'
import { sendSms } from './sms/send.ts'
import { type Signatures, twilioForm } from './webhooks/twilio-form.ts'
import { tellRefused, twilioMessages } from './webhooks/twilio-messages.ts'
import { twilioStatus } from './webhooks/twilio-status.ts'
import { uponaiWebhook } from './webhooks/uponai.ts'
import { uponaiBody } from './webhooks/uponai-body.ts'

export interface ApiParts {
  config: Pick<Config, 'api' | 'twilio' | 'publicUrl' | 'uponai' | 'apiKeys' | 'sessionSecret'>
  /** For limits. */
  redis: ReturnType<typeof connectRedis>
  prefix: string
  logger: Logger
  routes: RoutesHolder
  conversations: Conversations
  deadLetters: ConversationDeadLetters
  live: LiveEvents
  uponai: Pick<UponAIClient, 'getChat' | 'listChats' | 'updateChat' | 'deleteChat' | 'rerunAnalysis'>
  streams: EventStreams
  readiness: Readiness
  metrics: ApiMetrics
  /** The way in for what becomes of messages that Twilio sends for us. */
  statuses: StatusDoor
  /** What sends nothing for now. */
  pauses: PausesOf
  signatures: Signatures
  /** Told when a message that Twilio brought could not be taken. */
  onRefused: () => void
}

/** Bodies of strangers that may be on their way in at a time. A small one is here within a millisecond or two. */
const MOST_BODIES = 1_000

const MOST_BODY_BYTES = 32 * 1024 * 1024

/** The public listener's application. */
export function createApi(given: ApiParts): Express {
  const keys = new ApiKeys(given.config.apiKeys)
  const tokens = new ConversationTokens(given.config.sessionSecret)
  const access = new ConversationAccess(keys, tokens, given.conversations)
  const media = apiMedia(given.config)
  const bodies = new BodyBudget({ mostBodies: MOST_BODIES, mostBytes: MOST_BODY_BYTES })
  const parts = {
    ...given,
    keys,
    tokens,
    access,
    media,
    bodies,
    limits: new RateLimits(given),
    reads: new ReadGate(),
    held: new HeldAnswers(),
  }
  const withKey = [keys.demand(), jsonBody()]
  const app = express().disable('x-powered-by').set('etag', false).set('trust proxy', given.config.api.trustProxy)

  app.get('/healthz', healthz)
  app.get('/readyz', readyz(parts.readiness, { reasons: false }))
  app.use(requestLog(parts.logger, parts.metrics))

  app.post(
    '/webhooks/twilio/messages',
    countUnavailable(parts.metrics),
    tellRefused(parts.onRefused),
    twilioForm(parts),
    twilioMessages(parts),
  )
  app.post('/webhooks/twilio/status', twilioForm(parts), twilioStatus(parts))
  app.post('/webhooks/uponai', uponaiBody(parts), uponaiWebhook(parts))

  // What comes behind this is for browsers, too.
  app.use(helmet())
  app.get('/media/:token', getMedia(parts))

  app.use(
    '/v1',
    warnOfProxy(parts.logger, parts.config.api.trustProxy),
    cors(parts.routes),
    (_request, response, next) => {
      response.set('Cache-Control', 'no-store')
      next()
    },
  )
  app.post('/v1/conversations', creationBody(parts), createConversation(parts))
  app.get('/v1/conversations', listConversations(parts))
  app.get('/v1/conversations/:id', getConversation(parts))
  app.patch('/v1/conversations/:id', withKey, updateConversation(parts))
  app.post('/v1/conversations/:id/messages', countUnavailable(parts.metrics), messageBody(parts), postMessage(parts))
  app.get('/v1/conversations/:id/messages', listMessages(parts))
  app.get('/v1/conversations/:id/events', conversationEvents(parts))
  app.post('/v1/conversations/:id/end', endConversation(parts))
  app.post('/v1/conversations/:id/link', withKey, linkConversation(parts))
  app.post('/v1/conversations/:id/handoff', handOffConversation(parts))
  app.post('/v1/conversations/:id/resume', withKey, resumeConversation(parts))
  app.post('/v1/conversations/:id/replies', withKey, postReply(parts))
  app.post('/v1/sms', withKey, sendSms(parts))
  app.post('/v1/opt-outs', withKey, addOptOut(parts))
  app.get('/v1/opt-outs', listOptOuts(parts))
  app.delete('/v1/opt-outs/:to', removeOptOut(parts))
  app.get('/v1/chats', listChats(parts))
  app.get('/v1/chats/:id', getChat(parts))
  app.delete('/v1/chats/:id', deleteChat(parts))
  app.post('/v1/chats/:id/analysis', rerunAnalysis(parts))
  app.get('/v1/pauses', listPauses(parts))
  app.get('/v1/dead-letters', listDeadLetters(parts))
  app.post('/v1/dead-letters/replay', withKey, replayDeadLetters(parts))
  app.get('/v1/dead-letters/:id', getDeadLetter(parts))
  app.post('/v1/dead-letters/:id/replay', withKey, replayDeadLetter(parts))
  app.delete('/v1/dead-letters/:id', removeDeadLetter(parts))

  refuseOtherMethods(app)
  return app.use(unknownRoute).use(problemHandler(parts.logger, (limit) => parts.metrics.limited(limit)))
}
