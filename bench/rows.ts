import { fewKeys, manyKeys } from './lanes/rows.ts'
import type { Row } from './row.ts'
import { ingress } from './sms/ingress.ts'
import { wholeRouter } from './sms/whole-router.ts'

/** All rows, by number. */
export const rows: readonly Row[] = [fewKeys, manyKeys, wholeRouter, ingress]
