import fc from 'fast-check'
import type { Step, Story } from './consistent.ts'

/** People write the same few words again and again. */
const texts = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('ok', 'yes', 'thanks') },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 9 }).map((n) => `question ${n}`) },
)

const answered = fc.record(
  {
    do: fc.constant('say' as const),
    text: texts,
    tools: fc.boolean(),
    brokenOff: fc.boolean(),
    delivery: fc.constantFrom('sent', 'delivered', 'delivered', 'delivered'),
  },
  { requiredKeys: ['do', 'text'] },
)

const over = fc.record({ do: fc.constant('over' as const), how: fc.constantFrom('closed', 'webhook', 'unheard') })

/** All that may go wrong without a fault of ours. */
const troubled = fc.oneof(
  fc.record({
    do: fc.constant('say' as const),
    text: texts,
    end: fc.constantFrom('dead_unsaid', 'dead_said'),
  }),
  fc.record({
    do: fc.constant('say' as const),
    text: texts,
    delivery: fc.constantFrom('undelivered', 'failed', 'unknown_taken', 'unknown_lost'),
  }),
  fc.record({ do: fc.constant('unclear' as const), text: texts, stored: fc.boolean() }),
)

const life = (steps: fc.Arbitrary<Step>, minLength: number) =>
  fc.record({
    channel: fc.constantFrom('web', 'sms'),
    greeting: fc.boolean(),
    burst: fc.integer({ min: 1, max: 4 }),
    steps: fc.array(steps, { minLength, maxLength: 14 }),
    closedAtEnd: fc.boolean(),
  })

const named = (lives: Omit<Story, 'name'>[]): Story[] => lives.map((one, n) => ({ name: `person ${n}`, ...one }))

/** Several people, whatever befalls them. */
export const anyStories: fc.Arbitrary<Story[]> = fc
  .array(life(fc.oneof({ weight: 4, arbitrary: answered }, over, { weight: 2, arbitrary: troubled }), 0), {
    minLength: 1,
    maxLength: 5,
  })
  .map(named)

/** Several people whose every message is answered: what is damaged here can be told for certain. */
export const smoothStories: fc.Arbitrary<Story[]> = fc
  .array(life(fc.oneof({ weight: 5, arbitrary: answered }, over), 0), { minLength: 1, maxLength: 4 })
  .map(named)
