import { fewKeys, manyKeys } from './lanes/rows.ts'
import type { Row } from './row.ts'

/** All rows, by number. */
export const rows: readonly Row[] = [fewKeys, manyKeys]
