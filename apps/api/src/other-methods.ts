import type { Express } from 'express'
import { Problem } from './problems.ts'

/**
 * To be called behind the last route: a request to one of their paths with a method that it does not answer is told those that
 * it does, and not that there is nothing. A browser that opens a webhook's address is a common first check of a set-up.
 */
export function refuseOtherMethods(app: Express): void {
  const answered = new Map<string, Set<string>>()
  for (const { route } of app.router.stack) {
    if (!route) continue
    const methods = answered.get(route.path) ?? new Set()
    answered.set(route.path, methods)
    for (const { method } of route.stack) methods.add(method.toUpperCase())
  }
  for (const [path, methods] of answered) {
    // Express answers HEAD as GET.
    const allow = [...methods, ...(methods.has('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ')
    app.all(path, (request, response) => {
      response.set('Allow', allow)
      if (request.method !== 'OPTIONS')
        throw new Problem('method_not_allowed', `${request.path} answers ${allow}, and not ${request.method}`)
      response.status(204).end()
    })
  }
}
