import { emptyRedis } from '../redis/empty.ts'
import { type Providers, startProviders } from './providers/providers.ts'
import type { Service, ServiceOptions } from './service.ts'

/** Runs one side with providers of its own on an emptied Redis, and ends all of it. */
export async function withService<T>(
  start: (options: ServiceOptions) => Promise<Service>,
  options: Omit<ServiceOptions, 'providersUrl'>,
  use: (service: Service, providers: Providers) => Promise<T>,
): Promise<T> {
  await emptyRedis(options.redisUrl)
  const providers = await startProviders()
  try {
    const service = await start({ ...options, providersUrl: providers.url })
    try {
      return await use(service, providers)
    } finally {
      await service.stop()
    }
  } finally {
    await providers.stop()
  }
}
