import { emptyRedis } from '../redis/empty.ts'
import { openRouter, type Router, type RouterOptions } from './router.ts'

/** Opens a router on an emptied Redis, and closes it whatever becomes of the work. */
export async function onRouter<T>(options: RouterOptions, work: (router: Router) => Promise<T>): Promise<T> {
  await emptyRedis(options.redisUrl)
  const router = await openRouter(options)
  try {
    return await work(router)
  } finally {
    await router.close()
  }
}
