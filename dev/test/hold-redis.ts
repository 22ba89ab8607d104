/** Finds a Redis, prints its url and stays. */
import { findRedis } from '../index.ts'

const redis = await findRedis({ purpose: 'a test of the finder', log: console.error })
console.log(redis.url)
setInterval(() => {}, 60_000)
