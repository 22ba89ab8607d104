import { expect, test } from 'vitest'
import { optOutWord } from '../src/channels/twilio/opt-out-words.ts'

test.each([
  ...['STOP', 'stop', ' Stop ', 'Stop.', '"STOP"', 'STOP!!', '🛑 stop', 'stop\n', 'ＳＴＯＰ'],
  ...['STOPALL', 'Unsubscribe', 'CANCEL', 'End', 'QUIT', 'revoke', 'optout', 'Opt out', 'opt-out', 'stop  all'],
  ...['BAJA', 'Arrêt', 'ARRET', 'désabonner', 'Stopp', 'abmelden', 'SAIR', 'cancellami', 'Afmelden', 'Rezygnuję'],
  ...['avregistrera', 'RET', 'הסר', 'СТОП', '配信停止', 'Stop promotions'],
])('%j asks for the end', (text) => {
  expect(optOutWord(text)).toBe('stop')
})

test.each([
  ['START', 'start'],
  ['unstop', 'start'],
  ['Yes', 'start'],
  ['Alta', 'start'],
  ['HELP', 'help'],
  ['info?', 'help'],
])('%j is %s', (text, word) => {
  expect(optOutWord(text)).toBe(word)
})

test.each([
  ...['', ' ', '👍', 'STOP please', 'please stop', 'Stop it', 'the end', 'stopped', 'no', 'yes please', 'ok stop'],
  ...['nein', 'ja', 'sí', 'oui', 'non', 'basta', 'fin', 'help me', 'Ayuda', 'Hilfe', 'constructor', 'toString'],
  'stop'.repeat(1_000),
])('%j is for the agent', (text) => {
  expect(optOutWord(text)).toBeUndefined()
})
