import { fewKeys, manyKeys } from './lanes/rows.ts'
import { backlog } from './router/rows/backlog.ts'
import { cluster } from './router/rows/cluster.ts'
import { freshWorker } from './router/rows/fresh-worker.ts'
import { hanging } from './router/rows/hanging.ts'
import { idle } from './router/rows/idle.ts'
import { inProgress } from './router/rows/in-progress.ts'
import type { Row } from './row.ts'
import { ingress } from './sms/ingress.ts'
import { latency } from './sms/latency.ts'
import { wholeRouter } from './sms/whole-router.ts'

/** All rows, by number. */
export const rows: readonly Row[] = [
  fewKeys,
  manyKeys,
  wholeRouter,
  ingress,
  latency,
  inProgress,
  hanging,
  idle,
  backlog,
  cluster,
  freshWorker,
]
