import { freePort } from '../../../dev/redis/free-port.ts'
import { WORKER_FLAGS } from '../../node-flags.ts'
import { environment } from '../environment.ts'
import { startMeasured } from '../measured-process.ts'
import { type Service, type ServiceOptions, WEBHOOK_PATH } from '../service.ts'

/** Express, BullMQ and the two calls: no order, no dedupe, no ledger, no retries. */
export function startBaseline(options: ServiceOptions): Promise<Service> {
  return start(options, 'bench/sms/baseline/api-process.ts')
}

/** Express that parses the form and answers: nothing is checked or kept. */
export function startFormParser(options: ServiceOptions): Promise<Service> {
  return start(options, 'bench/sms/baseline/form-process.ts')
}

async function start(
  { redisUrl, providersUrl, withWorker, profileTo }: ServiceOptions,
  apiProgram: string,
): Promise<Service> {
  const port = await freePort()
  const env = environment(redisUrl, providersUrl, port)
  const api = await startMeasured({ program: apiProgram, env, profileTo })
  const worker = withWorker
    ? await startMeasured({ program: 'bench/sms/baseline/worker-process.ts', env, flags: WORKER_FLAGS, profileTo })
    : undefined
  return {
    url: `http://127.0.0.1:${port}${WEBHOOK_PATH}`,
    ordered: false,
    api,
    ...(worker && { worker }),
    stop: async () => void (await Promise.all([api.stop(), worker?.stop()])),
  }
}
