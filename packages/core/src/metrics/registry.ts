import { collectDefaultMetrics, Registry } from 'prom-client'

/** A registry of one process: its metrics are nobody else's, so that several can live side by side in a test. */
export function createRegistry(): Registry {
  const register = new Registry()
  collectDefaultMetrics({ register })
  return register
}
