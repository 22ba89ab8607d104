/** There is no Redis and none could be started; the message says what to do. */
export class NoRedis extends Error {
  override readonly name = 'NoRedis'

  constructor(purpose: string, tried: string[]) {
    super(`No Redis for ${purpose}:
${tried.map((why) => `  ${why}\n`).join('')}Do one of these, then start again:
  Debian, Ubuntu   sudo apt-get install redis-server
  Fedora, RHEL     sudo dnf install valkey
  Arch             sudo pacman -S valkey
  Alpine           sudo apk add redis
  macOS            brew install redis
  Docker           start it: a Redis container is used then
  any other Redis  REDIS_URL=redis://host:6379`)
  }
}
