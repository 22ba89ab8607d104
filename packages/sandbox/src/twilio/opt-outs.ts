const stopWords = new Set(['stop', 'stopall', 'unsubscribe', 'cancel', 'end', 'quit', 'revoke', 'optout'])
const startWords = new Set(['start', 'yes', 'unstop'])

/**
 * Twilio's default handling of a long code: a message that is nothing but a stop word blocks that pair of numbers, a start
 * word re-opens it. Both still reach the webhook.
 */
export class OptOuts {
  readonly #blocked = new Set<string>()

  heard(from: string, to: string, body: string): void {
    const word = body.trim().toLowerCase()
    if (stopWords.has(word)) this.#blocked.add(pair(from, to))
    else if (startWords.has(word)) this.#blocked.delete(pair(from, to))
  }

  includes(participant: string, sender: string | null): boolean {
    return sender !== null && this.#blocked.has(pair(participant, sender))
  }

  clear(): void {
    this.#blocked.clear()
  }
}

function pair(participant: string, sender: string): string {
  return `${participant} ${sender}`
}
