import { InvalidArgumentError, Option } from 'commander'

/** Every command has it. */
export function jsonOption(): Option {
  return new Option('--json', 'print one JSON value on standard output')
}

/** How many there are to be at most: 1 to 1000. */
export function limitOption(fallback: number): Option {
  return new Option('--limit <n>', 'how many at most, 1 to 1000').argParser(parseLimit).default(fallback)
}

function parseLimit(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1 || value > 1_000) {
    throw new InvalidArgumentError('expected a whole number from 1 to 1000')
  }
  return value
}
