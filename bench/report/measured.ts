import type { Outcome, Row } from '../row.ts'

/** A row and what came of it. */
export interface Measured {
  row: Row
  outcome: Outcome
}
