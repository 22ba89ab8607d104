import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { optOutWord } from '../src/channels/twilio/opt-out-words.ts'

const texts = z.array(z.string()).default([])
const corpus = z
  .record(
    z.string(),
    z.strictObject({ stop: texts, missed: texts, agent: texts, cut_off: texts, start: texts, help: texts }),
  )
  .parse(parse(readFileSync(new URL('./opt-out-corpus.yaml', import.meta.url), 'utf8')))

const languages = Object.entries(corpus)
const all = languages.flatMap(([, kinds]) => Object.values(kinds).flat())

/** What is heard of the texts, with those that were heard otherwise. */
const wrong = (given: readonly string[], word: string | undefined) => given.filter((text) => optOutWord(text) !== word)

test('the corpus has at least 300 texts in at least 12 languages', () => {
  expect(all.length).toBeGreaterThanOrEqual(300)
  expect(languages.length).toBeGreaterThanOrEqual(12)
})

test.each(languages)('%s: who asks for the end is heard, whoever says something else reaches the agent', (_, kinds) => {
  expect({
    stop: wrong(kinds.stop, 'stop'),
    start: wrong(kinds.start, 'start'),
    help: wrong(kinds.help, 'help'),
    agent: wrong(kinds.agent, undefined),
  }).toEqual({ stop: [], start: [], help: [], agent: [] })
})

test.each(languages)('%s: what is known to be heard wrongly is listed so, until it is heard rightly', (_, kinds) => {
  expect({ missed: wrong(kinds.missed, undefined), cut_off: wrong(kinds.cut_off, 'stop') }).toEqual({
    missed: [],
    cut_off: [],
  })
})

test('how many are heard wrongly is counted', () => {
  const rows = languages.map(([language, { stop, missed, agent, cut_off: cutOff }]) => {
    const wanted = [...stop, ...missed]
    const others = [...agent, ...cutOff]
    return {
      language,
      'ask for the end': wanted.length,
      'not heard (false negatives)': wrong(wanted, 'stop').length,
      'say something else': others.length,
      'opted out (false positives)': others.filter((text) => optOutWord(text) === 'stop').length,
    }
  })
  const sum = (pick: (row: (typeof rows)[number]) => number) => rows.reduce((total, row) => total + pick(row), 0)
  const total = {
    language: 'all',
    'ask for the end': sum((row) => row['ask for the end']),
    'not heard (false negatives)': sum((row) => row['not heard (false negatives)']),
    'say something else': sum((row) => row['say something else']),
    'opted out (false positives)': sum((row) => row['opted out (false positives)']),
  }
  console.table([...rows, total])
  console.log(`${all.length} texts in ${languages.length} languages`)
  expect(total['not heard (false negatives)']).toBe(sum(({ language }) => corpus[language]?.missed.length ?? 0))
  expect(total['opted out (false positives)']).toBe(sum(({ language }) => corpus[language]?.cut_off.length ?? 0))
})
