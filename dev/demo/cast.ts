import type { FaultPlanInput, ScriptInput } from '@chatlane/sandbox'

/** What somebody writes and what the agent answers to it. No text comes twice: it tells whose it is. */
export interface Line {
  text: string
  answer: string
}

export interface Person {
  name: string
  channel: 'web' | 'sms'
  /** Of SMS people. */
  number: string
  lines: readonly Line[]
}

function person(name: string, channel: 'web' | 'sms', number: string, lines: Record<string, string>): Person {
  return { name, channel, number, lines: Object.entries(lines).map(([text, answer]) => ({ text, answer })) }
}

export const ada = person('Ada', 'web', '', {
  'Hello! Is my parcel on its way?': 'It is: it left our house this morning.',
  'Will it come before the weekend?': 'On Friday, between 9 and 12.',
  'Could it go to the office instead?': 'Yes. What is the address?',
  'Quay Street 7, second floor.': 'Noted: Quay Street 7, second floor.',
  'And if nobody is there?': 'Then it waits at the shop next door for a week.',
  'Who will bring it?': 'A courier by bicycle.',
  'Thank you, that is all.': 'My pleasure, Ada.',
})

export const bruno = person('Bruno', 'sms', '+14155550101', {
  'Hi there': 'Hello Bruno.',
  'I ordered a lamp': 'Yes, I see one lamp.',
  'the blue one': 'The blue one, right.',
  'number 1182': 'Order 1182, found.',
  'can I still make it green?': 'Done: your lamp will be green.',
  'Does it come with a bulb?': 'It does, and with a spare one.',
  'Is the cord long enough for a desk?': 'Two metres, so it should be.',
  'And can it be dimmed?': 'In three steps, by a touch on its foot.',
})

export const chen = person('Chen', 'sms', '+14155550102', {
  'Please cancel my order 2207': 'Order 2207 is cancelled.',
  'When is my money back?': 'Within three days.',
  'To the same card?': 'To the card that ends in 44.',
})

export const dora = person('Dora', 'web', '', {
  'Do you ship to Norway?': 'We do, within five days.',
  'What does that cost?': 'Nothing above 50 euros, else 7.',
  'Are there customs on top?': 'No, they are paid by us.',
})

export const emil = person('Emil', 'web', '', {
  'Please compare all of your coffee machines.': 'Three suit you best: the Alba, the Brio and the Calma.',
  'Which of them is the quietest?': 'The Calma, by far.',
  'Then I take that one.': 'One Calma is on its way to you, Emil.',
})

export const fay = person('Fay', 'sms', '+14155550103', {
  'Are you open on Sunday?': 'From 10 to 16 o’clock.',
  'Me again: is there a car park?': 'There is, behind the house.',
})

export const gus = person('Gus', 'web', '', {
  'Please book me a table for two at eight.': 'A table for two at eight is yours, Gus.',
})

export const people: readonly Person[] = [ada, bruno, chen, dora, emil, fay, gus]

/** An agent that has to think. */
const slowAnswerMs = 4_000
/** Long enough for a kill -9 to hit in the middle. */
const bookingMs = 6_000

export const script: ScriptInput = {
  rules: people.flatMap(({ lines }) => lines.map(({ text, answer }) => ({ text, answer: [answer] }))),
}

export const faults: FaultPlanInput = {
  latency: { distribution: 'uniform', min_ms: 150, max_ms: 600 },
  rules: [
    spoilt(chen, { kind: 'status', status: 500, when: 'after' }),
    spoilt(dora, { kind: 'status', status: 429, retry_after_s: 2 }),
    spoilt(emil, { kind: 'latency', distribution: 'fixed', ms: slowAnswerMs }),
    spoilt(gus, { kind: 'latency', distribution: 'fixed', ms: bookingMs }),
  ],
}

type Rule = NonNullable<FaultPlanInput['rules']>[number]

/** A fault for the first thing that somebody says. */
function spoilt({ lines }: Person, fault: Extract<Rule, { target: 'uponai' }>['fault']): Rule {
  const text = lines[0]?.text ?? ''
  return { target: 'uponai', operation: 'completion', match: { text }, times: 1, fault }
}
