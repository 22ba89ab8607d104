import { Problem } from '../problems.ts'

export function noDeadLetter(): Problem {
  return new Problem('not_found', 'there is no dead letter with this id; it may have been replayed or removed')
}
