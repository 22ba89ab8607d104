import type { HistoryEntry, TrueChat, TwilioEntry, UponaiEntry } from '@chatlane/sandbox'
import type { Evidence, LedgerEvidence, Person } from '../evidence.ts'

/** What happens in one person's conversation, in order. */
export type Step =
  | {
      do: 'say'
      text: string
      /** Dead letters: given up before it was said, or when no answer came. */
      end?: 'answered' | 'dead_unsaid' | 'dead_said'
      /** Tool messages in the chat, between text and answer. */
      tools?: boolean
      /** What becomes of the reply by SMS. `unknown_taken`: Twilio has it, and nobody knows. */
      delivery?: 'sent' | 'delivered' | 'undelivered' | 'failed' | 'unknown_taken' | 'unknown_lost'
      /** The first try's connection breaks after the effect: the answer is read back. */
      brokenOff?: boolean
    }
  /** Nobody told the sender what became of it. */
  | { do: 'unclear'; text: string; stored: boolean }
  /** The chat comes to its end: by us, by the other side with a webhook, or without any news. */
  | { do: 'over'; how: 'closed' | 'webhook' | 'unheard' }

export interface Story {
  name: string
  channel: 'web' | 'sms'
  /** The chat is opened at once, and its agent says something first. */
  greeting: boolean
  /** So many messages are accepted before the first of them is said. */
  burst: number
  steps: Step[]
  /** Whether the chat is closed when the run is over, as its route has it. */
  closedAtEnd: boolean
}

type Said = Extract<Step, { do: 'say' }>
interface Waiting {
  step: Said
  entry: LedgerEvidence
}

/** Evidence of a run in which all went well: the people's steps are mixed, one of each in turn. */
export function consistentEvidence(stories: readonly Story[]): Evidence {
  const world = new World()
  const lives = stories.map((story, n) => new Life(world, story, n).live())
  for (let left = lives; left.length > 0; ) left = left.filter((life) => life.next().done !== true)
  for (const person of world.evidence.people) person.ledgerAt = world.tick()
  return world.evidence
}

class World {
  readonly evidence: Evidence = { people: [], chats: [], history: [], deadLetters: [], graceMs: 13_000 }
  #now = Date.UTC(2026, 0, 1)
  #seq = 0

  tick(): number {
    this.#now += 3
    return this.#now
  }

  /** The beginning of an entry that is answered at once. */
  step(status: number | null) {
    this.#seq += 1
    const at = this.tick()
    const outcome = status === null ? ('dropped' as const) : ('answered' as const)
    return { seq: this.#seq, at, answered_at: this.tick(), status, outcome }
  }

  add<T extends HistoryEntry>(entry: T): T {
    this.evidence.history.push(entry)
    return entry
  }
}

class Life {
  readonly #world: World
  readonly #story: Story
  readonly #person: Person
  readonly #id: string
  #chats = 0
  #chat: TrueChat | undefined
  /** The chat is over, and we do not know it. */
  #unheard = false
  #waiting: Waiting[] = []

  constructor(world: World, story: Story, n: number) {
    this.#world = world
    this.#story = story
    this.#id = `conversation_${n}`
    const { name, channel, closedAtEnd: closes } = story
    const nothing = { accepted: [], unclear: [], ledger: [], ledgerAt: 0, pending: 0 }
    this.#person = { name, channel, ...nothing, status: 'open', closes }
    if (channel === 'sms') this.#person.address = `+1415555${String(n).padStart(4, '0')}`
    world.evidence.people.push(this.#person)
  }

  *live(): Generator<undefined> {
    const { greeting, channel, steps, burst, closedAtEnd } = this.#story
    if (channel === 'web') this.#person.conversationId = this.#id
    if (channel === 'web' && greeting) this.#open()
    for (const step of steps) {
      if (step.do === 'say') this.#accept(step)
      else if (step.do === 'unclear') this.#unclear(step.text, step.stored)
      else {
        this.#sayAll()
        this.#end(step.how)
      }
      if (this.#waiting.length >= burst) this.#sayAll()
      yield
    }
    this.#sayAll()
    if (closedAtEnd) this.#end('closed')
    if (this.#person.status === 'open' && this.#chat) this.#person.chatId = this.#chat.chat_id
  }

  #accept(step: Said): void {
    const entry = this.#write('user', step.text, 'queued')
    this.#person.accepted.push({ text: step.text, at: this.#world.tick() })
    this.#person.conversationId = this.#id
    this.#person.status = 'open'
    this.#waiting.push({ step, entry })
  }

  #unclear(text: string, stored: boolean): void {
    this.#person.unclear.push(text)
    // Without a conversation that anybody knows of, no ledger can be read.
    if (!stored || this.#person.conversationId === undefined) return
    this.#person.status = 'open'
    this.#waiting.push({ step: { do: 'say', text }, entry: this.#write('user', text, 'queued') })
  }

  #sayAll(): void {
    for (const { step, entry } of this.#waiting.splice(0)) this.#say(step, entry)
  }

  #say(step: Said, entry: LedgerEvidence): void {
    const { text, end = 'answered', tools = false, brokenOff = false, delivery } = step
    if (end !== 'answered') this.#giveUp(step, entry)
    if (end === 'dead_unsaid') return
    if (this.#unheard) this.#refused(text)
    const chat = this.#chat ?? this.#open()
    const answered = end === 'answered'
    this.#call('completion', answered && !brokenOff ? 201 : null, {
      chat_id: chat.chat_id,
      content: text,
      effect: true,
    })
    if (brokenOff || !answered) this.#call('get', 200, { chat_id: chat.chat_id })
    chat.completions += 1
    this.#speak('user', text)
    if (!answered) return
    if (tools) this.#speak('tool_call_invocation', 'look up')
    if (tools) this.#speak('tool_call_result', text)
    this.#speak('agent', `echo: ${text}`)
    entry.status = 'answered'
    this.#send('agent', `echo: ${text}`, delivery)
  }

  #giveUp(step: Said, entry: LedgerEvidence): void {
    this.#world.evidence.deadLetters.push({
      conversationId: this.#id,
      messageId: entry.id,
      kind: 'message',
      text: step.text,
      reason: step.end === 'dead_said' ? 'no_answer' : 'uponai_rejected',
    })
    entry.status = 'failed'
    this.#send('system', 'Sorry, please try again.')
  }

  #end(how: 'closed' | 'webhook' | 'unheard'): void {
    const chat = this.#chat
    if (!chat) return
    if (this.#unheard) {
      // What we do not know of is ended once more.
      this.#unheard = false
    } else {
      chat.status = 'ended'
      chat.ended_at = this.#world.tick()
      chat.ended_by = how === 'closed' ? 'api' : 'agent'
    }
    if (how === 'unheard') {
      this.#unheard = true
      return
    }
    if (how === 'closed') this.#call('end', 200, { chat_id: chat.chat_id, effect: true })
    this.#world.add({
      kind: 'webhook',
      ...this.#world.step(204),
      url: 'http://127.0.0.1/webhooks/uponai',
      error: null,
      event: 'chat_ended',
      chat_id: chat.chat_id,
      attempt: 1,
    })
    this.#chat = undefined
    if (how !== 'closed') return
    this.#person.status = 'closed'
    this.#send('system', 'Closing for now.')
  }

  /** The other side ended the chat without a word; the next completion finds out. */
  #refused(content: string): void {
    this.#call('completion', 400, { chat_id: this.#chat?.chat_id ?? null, content })
    this.#chat = undefined
    this.#unheard = false
  }

  #open(): TrueChat {
    this.#chats += 1
    const chat: TrueChat = {
      chat_id: `${this.#id}_chat_${this.#chats}`,
      agent_id: 'chat_agent_a',
      agent_version: 1,
      dialect: 'rest',
      status: 'ongoing',
      metadata: { conversation_id: this.#id },
      dynamic_variables: null,
      started_at: this.#world.tick(),
      ended_at: null,
      ended_by: null,
      completions: 0,
      max_in_flight: 1,
      max_working: 1,
      messages: [],
    }
    this.#world.evidence.chats.push(chat)
    this.#person.status = 'open'
    this.#call('create', 201, { chat_id: chat.chat_id, metadata: chat.metadata, effect: true })
    this.#chat = chat
    if (this.#story.greeting) {
      this.#speak('agent', 'Good morning!')
      this.#send('agent', 'Good morning!')
    }
    return chat
  }

  #call(operation: UponaiEntry['operation'], status: number | null, facts: Partial<UponaiEntry>): void {
    this.#world.add({
      kind: 'uponai',
      ...this.#world.step(status),
      operation,
      dialect: 'rest',
      chat_id: null,
      agent_id: 'chat_agent_a',
      content: null,
      metadata: null,
      effect: false,
      fault: null,
      delay_ms: 0,
      ...facts,
    })
  }

  #speak(role: string, content: string): void {
    const at = this.#world.tick()
    this.#chat?.messages.push({ role, content, message_id: `msg_${at}`, created_timestamp: at })
  }

  #write(role: LedgerEvidence['role'], text: string, status: string): LedgerEvidence {
    const entry: LedgerEvidence = { id: `${this.#world.tick()}-0`, role, text, status }
    this.#person.ledger.push(entry)
    return entry
  }

  /** Brings a text to the person. */
  #send(role: 'agent' | 'system', text: string, delivery: NonNullable<Said['delivery']> = 'delivered'): void {
    if (this.#story.channel === 'web') {
      this.#write(role, text, 'delivered')
      return
    }
    const entry = this.#write(role, text, delivery.startsWith('unknown') ? 'unknown' : delivery)
    if (entry.status === 'failed') entry.reason = '21610'
    const taken = delivery !== 'failed' && delivery !== 'unknown_lost'
    const url = `http://127.0.0.1/webhooks/twilio/status?conversation=${this.#id}&message=${entry.id}&part=0`
    const to = this.#person.address ?? ''
    const create: Omit<TwilioEntry, keyof ReturnType<World['step']>> = {
      kind: 'twilio',
      operation: 'message-create',
      effect: taken,
      fault: null,
      delay_ms: 0,
      sid: taken ? `SM_${entry.id}` : null,
      to,
      from: '+15005550006',
      messaging_service_sid: null,
      body: text,
      media_urls: [],
      credentials: true,
      status_callback: url,
      code: delivery === 'failed' ? 21610 : null,
    }
    const status = delivery === 'failed' ? 400 : delivery.startsWith('unknown') ? null : 201
    this.#world.add({ ...create, ...this.#world.step(status) })
    if (delivery !== 'delivered') return
    const about = { message_sid: `SM_${entry.id}`, message_status: delivery, to, url, error: null }
    this.#world.add({ kind: 'status_callback', ...this.#world.step(204), ...about })
  }
}
