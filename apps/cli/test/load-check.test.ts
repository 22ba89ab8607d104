import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkConversation } from '../src/load/check/check.ts'
import type { Evidence, LedgerItem } from '../src/load/check/evidence.ts'
import { type Damage, damages, goodHistory } from './load-histories.ts'

/** A failing run prints its seed; LOAD_SEED=<seed> runs it again. */
const seed = Number(process.env.LOAD_SEED ?? Date.now() % 2 ** 31)

const kindsIn = (evidence: Evidence, expectEcho = true) =>
  new Set(checkConversation(evidence, expectEcho).findings.map(({ kind }) => kind))

describe.each([true, false])('with answers that echo: %s', (expectEcho) => {
  it('finds nothing where all is well', () => {
    fc.assert(
      fc.property(goodHistory, (evidence) => {
        const { findings, waiting, ended, answers } = checkConversation(evidence, expectEcho)
        expect(findings).toEqual([])
        expect(waiting).toBe(0)
        expect(answers).toHaveLength(ended.answered)
      }),
      { seed },
    )
  })

  it.each(Object.entries(damages).filter(([, { echoOnly }]) => expectEcho || !echoOnly))(
    'finds %s',
    (_name, damage) => {
      fc.assert(
        fc.property(goodHistory, fc.nat(1_000), (evidence, n) => {
          fc.pre(damaged(damage, evidence, n))
          expect(kindsIn(evidence, expectEcho)).toContain(damage.kind)
        }),
        { seed, numRuns: 200 },
      )
    },
  )
})

function damaged({ damage }: Damage, evidence: { items: LedgerItem[] }, n: number): boolean {
  return damage(evidence.items, n)
}

const sent = (text: string, settledAt = 10) => ({
  text,
  plannedAt: 0,
  outcome: 'accepted' as const,
  settledAt,
  status: 202,
})
const item = (id: number, role: LedgerItem['role'], text: string, status = 'answered'): LedgerItem => ({
  id: `${id}-0`,
  role,
  text,
  status,
  at: id,
})

describe('a conversation', () => {
  const evidence = (items: LedgerItem[], texts = ['a', 'b', 'c']): Evidence => ({
    person: 'web1',
    conversationId: 'c0_1',
    sent: texts.map((text) => sent(text)),
    items,
  })

  it('takes the time of an answer from the ledger', () => {
    const items = [item(1_000, 'user', 'a'), item(1_250, 'agent', 'echo: a')]
    const { answers } = checkConversation(evidence(items, ['a']), true)
    expect(answers).toMatchObject([{ message: { text: 'a' }, afterMs: 250 }])
  })

  it('may have one answer to several messages, where they are gathered', () => {
    const items = [
      item(1, 'user', 'a'),
      item(2, 'user', 'b'),
      item(3, 'user', 'c'),
      item(4, 'agent', 'echo: a\nb'),
      item(5, 'agent', 'echo: c'),
    ]
    for (const expectEcho of [true, false]) {
      const { findings, answers } = checkConversation(evidence(items), expectEcho)
      expect(findings).toEqual([])
      expect(answers).toHaveLength(3)
    }
  })

  it('may have had another run before, with the same number', () => {
    const before = [item(1, 'user', 'older'), item(2, 'agent', 'echo: older')]
    const items = [...before, item(3, 'user', 'a'), item(4, 'agent', 'echo: a')]
    expect(kindsIn(evidence(items, ['a']))).toEqual(new Set())
  })

  it('may have a message of unclear outcome, or not', () => {
    const unclear = { ...sent('a'), outcome: 'unclear' as const, status: 503 }
    const of = (items: LedgerItem[]) =>
      checkConversation({ person: 'p', conversationId: 'c', sent: [unclear], items }, true)
    expect(of([])).toMatchObject({ findings: [], unclearThere: 0 })
    const there = [item(1, 'user', 'a'), item(2, 'agent', 'echo: a')]
    expect(of(there)).toMatchObject({ findings: [], unclearThere: 1 })
    expect(of([...there, ...there])).toMatchObject({ findings: [{ kind: 'doubled' }, { kind: 'doubled' }] })
  })

  it('must not have what was refused', () => {
    const refused = { ...sent('b'), outcome: 'refused' as const, status: 409 }
    const items = [item(1, 'user', 'a'), item(2, 'agent', 'echo: a'), item(3, 'user', 'b'), item(4, 'agent', 'echo: b')]
    const found = checkConversation({ person: 'p', conversationId: 'c', sent: [sent('a'), refused], items }, true)
    expect(found.findings).toMatchObject([{ kind: 'unexpected', message: '3-0' }])
  })

  it('has its messages under the ids that were given for them', () => {
    const items = [item(1, 'user', 'a'), item(2, 'agent', 'echo: a')]
    const message = { ...sent('a'), messageId: '9-0' }
    const found = checkConversation({ person: 'p', conversationId: 'c', sent: [message], items }, true)
    expect(found.findings).toMatchObject([{ kind: 'unexpected', detail: 'accepted as 9-0' }])
  })

  it('blames one message that was moved, not those around it', () => {
    const user = (text: string, id: number) => item(id, 'user', text, 'dropped')
    const found = checkConversation(evidence([user('b', 1), user('c', 2), user('a', 3)]), true)
    expect(found.findings).toMatchObject([{ kind: 'out_of_order', message: '3-0' }])
  })

  it('that cannot be read is said to be not checked', () => {
    const unread = { ...evidence([]), items: 'no answer within 15 s' }
    expect(checkConversation(unread, true)).toMatchObject({ findings: [{ kind: 'not_checked' }], waiting: 3 })
    expect(checkConversation({ ...unread, sent: [] }, true).findings).toEqual([])
  })

  it('names no text in what it finds', () => {
    const items = [item(1, 'user', 'a secret'), item(2, 'user', 'another'), item(3, 'agent', 'echo: a third')]
    const { findings } = checkConversation(evidence(items, ['a secret', 'lost secret']), true)
    expect(findings.length).toBeGreaterThan(3)
    expect(JSON.stringify(findings)).not.toMatch(/secret|another|third/)
  })
})
