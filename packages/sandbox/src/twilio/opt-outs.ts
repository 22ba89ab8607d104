const stopWords = new Set(['stop', 'stopall', 'unsubscribe', 'cancel', 'end', 'quit', 'revoke', 'optout'])
const startWords = new Set(['start', 'yes', 'unstop'])

/** What a person sent, as far as it matters here. */
export interface Heard {
  from: string
  to: string
  body: string
  /** The Messaging Service that the number it was sent to belongs to. */
  service: string | undefined
  /** What Advanced Opt-Out took it for: words of a service's own, in any language. */
  optOutType: string | undefined
}

/**
 * Twilio's default handling of a long code: a message that is nothing but a stop word blocks that person for the number, or
 * for all senders of its Messaging Service, a start word re-opens it. RCS shares it, WhatsApp has nothing of the kind. All
 * of them still reach the webhook.
 */
export class OptOuts {
  readonly #blocked = new Set<string>()
  /** The service of each number that was seen in one. */
  readonly #services = new Map<string, string>()

  heard({ from, to, body, service, optOutType }: Heard): void {
    if (service !== undefined) this.#services.set(plain(to), service)
    if (from.startsWith('whatsapp:')) return
    const word = body.trim().toLowerCase()
    if (stopWords.has(word) || optOutType === 'STOP') this.#blocked.add(this.#pair(from, to, service))
    else if (startWords.has(word) || optOutType === 'START') this.#blocked.delete(this.#pair(from, to, service))
  }

  includes(participant: string, sender: string | null, service: string | null): boolean {
    return this.#blocked.has(this.#pair(participant, sender ?? '', service ?? undefined))
  }

  clear(): void {
    this.#blocked.clear()
    this.#services.clear()
  }

  #pair(participant: string, sender: string, service = this.#services.get(plain(sender))): string {
    return `${plain(participant)} ${service ?? plain(sender)}`
  }
}

function plain(address: string): string {
  return address.replace(/^rcs:/, '')
}
