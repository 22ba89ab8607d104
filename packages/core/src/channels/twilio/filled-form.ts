/** Bounds of a form as it is told: what is over them is left out. */
const LONGEST_FORM = 16_000
const MOST_ANSWERS = 30
const LONGEST_ANSWER = 300
const DEEPEST = 5

/** Fields that a provider adds for itself. */
const NOT_AN_ANSWER = new Set(['flow_token', 'page_id', 'id', 'type'])

/**
 * The answers of a WhatsApp form (a Flow), which Twilio brings as JSON in `InteractiveData`, as "question: answer; …".
 * @returns what it holds as it stands, cut, when it is no JSON; empty when there is nothing in it
 */
export function formInWords(data: string): string {
  const text = data.toWellFormed()
  if (text.length > LONGEST_FORM) return ''
  try {
    const answers: string[] = []
    collect(JSON.parse(text), '', 0, answers)
    return answers.join('; ')
  } catch {
    return text.trim().slice(0, LONGEST_ANSWER)
  }
}

function collect(value: unknown, name: string, depth: number, answers: string[]): void {
  if (answers.length >= MOST_ANSWERS || depth > DEEPEST || value === null) return
  if (typeof value !== 'object') {
    const answer = String(value).replace(/\s+/g, ' ').trim().slice(0, LONGEST_ANSWER)
    if (answer !== '') answers.push(name === '' ? answer : `${name}: ${answer}`)
    return
  }
  const entries = Object.entries(value)
  const label = entries.find(([key, one]) => key === 'label' && typeof one === 'string')?.[1]
  const labelled = label !== undefined && entries.some(([key]) => key === 'value')
  for (const [key, one] of entries) {
    if (NOT_AN_ANSWER.has(key) || (labelled && key === 'label')) continue
    const inner = Array.isArray(value) ? name : key
    collect(one, labelled && key === 'value' ? String(label).slice(0, LONGEST_ANSWER) : inner, depth + 1, answers)
  }
}
