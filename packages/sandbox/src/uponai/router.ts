import { type ErrorRequestHandler, json, Router } from 'express'
import { refuseUnknown } from './endpoint.ts'
import { restRouter } from './rest.ts'
import { restAgentRouter } from './rest-agents.ts'
import { rpcRouter } from './rpc.ts'
import { rpcAgentRouter } from './rpc-agents.ts'
import type { Upstream } from './upstream.ts'

/** UponAI in both dialects over the same chats and agents. */
export function uponaiRouter(upstream: Upstream): Router {
  const unreadable: ErrorRequestHandler = (error, req, res, next) => {
    const status: unknown = error?.status
    if (typeof status !== 'number' || status >= 500) return next(error)
    refuseUnknown(upstream, req, res, status, `Unreadable request body: ${error.type}`)
  }
  const router = Router()
  router.use(json({ limit: '1mb' }))
  router.use('/api', restRouter(upstream), restAgentRouter(upstream))
  router.use(rpcRouter(upstream), rpcAgentRouter(upstream))
  router.use((req, res) => refuseUnknown(upstream, req, res, 404, `No such endpoint: ${req.method} ${req.path}`))
  router.use(unreadable)
  return router
}
