import { randomBytes } from 'node:crypto'
import { GenericContainer, getContainerRuntimeClient, type StartedTestContainer, Wait } from 'testcontainers'
import { freePort } from './free-port.ts'
import type { KeptRedis } from './kept-redis.ts'
import { settingArguments } from './settings.ts'

const image = 'redis:8-alpine'
const innerPort = 6379

/** A container of the official image. Docker publishes ports on every interface of the host, hence the password. */
export function containerRedis(settings: Record<string, string>): KeptRedis {
  const name = `chatlane-redis-${randomBytes(6).toString('hex')}`
  const password = randomBytes(16).toString('hex')
  let container: StartedTestContainer | undefined
  let address = ''

  async function create(): Promise<StartedTestContainer> {
    const port = await freePort()
    // seen from outside, should the settings make it a cluster's node
    const announced = { 'cluster-announce-ip': '127.0.0.1', 'cluster-announce-port': String(port) }
    const own = { bind: '0.0.0.0', requirepass: password, ...announced, ...settings }
    return (
      new GenericContainer(image)
        .withName(name)
        .withCommand(['redis-server', ...settingArguments(own)])
        // a port chosen by Docker would change when the container is started again
        .withExposedPorts({ container: innerPort, host: port })
        .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/))
        .start()
    )
  }

  async function engineContainer() {
    const client = await getContainerRuntimeClient()
    return client.container.getById(name)
  }

  return {
    url: () => `redis://:${password}@${address}`,
    how: () => `container ${image} on ${address}`,
    start: async () => {
      if (container) return container.restart()
      container = await create()
      address = `${container.getHost()}:${container.getMappedPort(innerPort)}`
    },
    kill: async () => {
      const running = await engineContainer()
      await running.kill()
    },
    freeze: async () => {
      const running = await engineContainer()
      await running.pause()
    },
    thaw: async () => {
      const running = await engineContainer()
      await running.unpause()
    },
    stop: async () => {
      const made = await engineContainer()
      // by name, for Testcontainers keeps one that it could not start; 404: it was never made
      await made.remove({ force: true, v: true }).catch((error: { statusCode?: number }) => {
        if (error.statusCode !== 404) throw error
      })
    },
  }
}
