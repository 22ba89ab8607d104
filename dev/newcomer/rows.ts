/** One surrounding in which somebody types a command on a fresh clone, and what has to come of it. */
export interface Surrounding {
  name: string
  /** For the shell, at the top of the clone. */
  command: string
  code: number
  says: RegExp
  /** Lines of the user's own .npmrc. */
  npmrc?: string[]
  env?: Record<string, string>
  /** A program on the PATH that says it is this one. */
  redisServer?: string
  /** Part of the short run, too. */
  fast?: true
}

const pnpm = 'npx -y pnpm@10'
const unwilling = ['ignore-scripts=true', 'production=true', 'optional=false']
const pinned = /use npx -y pnpm@10|start the command by npx -y pnpm@10/
const oneTest = 'test dev/test/lock.test.ts'

export const surroundings: readonly Surrounding[] = [
  { name: 'npm install', command: 'npm install', code: 1, says: pinned, fast: true },
  { name: 'npm run demo', command: 'npm run demo', code: 1, says: pinned, fast: true },
  { name: 'yarn', command: 'npx -y yarn@1.22.22', code: 1, says: pinned },
  { name: 'pnpm 9', command: 'npx -y pnpm@9 demo', code: 1, says: pinned },
  { name: 'the first command', command: `${pnpm} chatlane --help`, code: 0, says: /dead-letters/, fast: true },
  {
    name: 'npm set to no scripts, no development, no optional packages',
    command: `${pnpm} chatlane --help`,
    code: 0,
    says: /dead-letters/,
    npmrc: unwilling,
    fast: true,
  },
  { name: 'the newest pnpm', command: 'npx -y pnpm chatlane --help', code: 0, says: /dead-letters/ },
  { name: 'the demo', command: `${pnpm} demo`, code: 0, says: /All that was promised happened/ },
  { name: 'the demo, npm set so', command: `${pnpm} demo`, code: 0, says: /All that was promised/, npmrc: unwilling },
  {
    name: 'the demo behind a proxy',
    command: `${pnpm} install && NODE_USE_ENV_PROXY=1 HTTP_PROXY=http://127.0.0.1:1 ${pnpm} demo`,
    code: 0,
    says: /All that was promised/,
  },
  { name: 'the demo, its reader leaves', command: `${pnpm} demo | head -n 60`, code: 0, says: /Redis/ },
  {
    name: 'a REDIS_URL where nothing is',
    command: `${pnpm} demo`,
    code: 1,
    says: /REDIS_URL: expected a Redis at .*or unset REDIS_URL/,
    env: { REDIS_URL: 'redis://127.0.0.1:1' },
    fast: true,
  },
  {
    name: 'Redis 6.0 and nothing else',
    command: `${pnpm} demo`,
    code: 1,
    says: /redis-server is 6\.0\.16, expected Redis 7\.0 or newer/,
    redisServer: 'Redis server v=6.0.16 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64',
    env: { CHATLANE_REDIS: 'local' },
    fast: true,
  },
  {
    name: 'nothing but a C compiler, and no way to the sources of Redis',
    command: `${pnpm} demo`,
    code: 1,
    says: /(building Redis: connect ECONNREFUSED.*|no (make|C compiler).* to build one)\nDo one of these/,
    env: { CHATLANE_REDIS: 'build', REDISMS_DOWNLOAD_URL: 'http://127.0.0.1:1/redis.tar.gz' },
  },
  {
    name: 'dev, for a minute and a half, then Ctrl-C',
    command: `${pnpm} install && timeout --preserve-status -s INT 90 dev/node/bin/node --conditions=chatlane-source dev/dev.ts`,
    code: 0,
    says: /Ctrl-C stops everything/,
  },
  { name: 'one test', command: `${pnpm} ${oneTest}`, code: 0, says: /1 passed/ },
]
