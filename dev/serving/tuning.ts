/** Settings that a developer may try out by the shell: they hold no secret and lead to nobody. */
const taken = [
  'CHATLANE_CONFIG',
  'UPONAI_DIALECT',
  'UPONAI_TIMEOUT_MS',
  'UPONAI_COMPLETION_TIMEOUT_MS',
  'AUTO_CLOSE_AFTER_MS',
  'COALESCE_WINDOW_MS',
  'WORKER_CONCURRENCY',
  'QUEUE_SHARDS',
  'TURN_ATTEMPTS',
  'TURN_BACKOFF_MS',
  'TURN_WHEN_UNCLEAR',
  'LOG_LEVEL',
  'LOG_CONTENT',
]

/** Settings of a real deployment that a shell may hold: its accounts, its Redis keys, its systems, its access. */
const live = /^(UPONAI|TWILIO|WEBHOOK|REDIS|API|SESSION|CONSOLE|PUBLIC|UPSTREAMS)(_|$)|^NODE_ENV$/

/** What dev settles itself, or has read already. */
const settled = ['REDIS_URL', 'API_PORT']

/** What of the shell's environment holds for `pnpm dev`, and the names of what does not. */
export function tuningOf(env: NodeJS.ProcessEnv): { settings: Record<string, string>; leftOut: string[] } {
  const given = Object.entries(env).flatMap(([name, value]): [string, string][] => (value ? [[name, value]] : []))
  return {
    settings: Object.fromEntries(given.filter(([name]) => taken.includes(name))),
    leftOut: given.map(([name]) => name).filter((name) => live.test(name) && ![...taken, ...settled].includes(name)),
  }
}
