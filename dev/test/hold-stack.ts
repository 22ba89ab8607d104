/** A process that started a stack and then does nothing more. */
import { makeStack } from '../stack/stack.ts'

const redisUrl = process.env.REDIS_URL ?? ''
const stack = await makeStack({ redisUrl, settings: {}, onLine: () => {} })
await stack.start('sandbox', 'sandbox')
await stack.start('api', 'api')
console.log(`${stack.sandboxUrl} ${stack.apiUrl}`)
