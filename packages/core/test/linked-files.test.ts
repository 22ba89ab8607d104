import { expect, test } from 'vitest'
import { takeFiles } from '../src/channels/twilio/linked-files.ts'

const JPG = 'https://files.example.com/front.jpg'
const PDF = 'https://files.example.com/manual.pdf?version=2#page=3'

test.each([
  ['no link', 'Hello there.', 'Hello there.', undefined],
  ['a link to a page', 'See https://example.com/help.', 'See https://example.com/help.', undefined],
  ['a link without TLS', 'See http://files.example.com/front.jpg', 'See http://files.example.com/front.jpg', undefined],
  ['a link with credentials', 'https://me:pw@example.com/a.jpg', 'https://me:pw@example.com/a.jpg', undefined],
  ['an ending in the host', 'https://example.jpg/about', 'https://example.jpg/about', undefined],
  ['an ending in the query', 'https://example.com/?f=a.jpg', 'https://example.com/?f=a.jpg', undefined],
  ['a link alone', JPG, '', [JPG]],
  ['a link in a sentence', `Here: ${JPG} as asked.`, 'Here: as asked.', [JPG]],
  ['a link at the end of a sentence', `Look at ${JPG}!`, 'Look at !', [JPG]],
  ['a link in brackets', `The front (${JPG}).`, 'The front ().', [JPG]],
  ['lines of their own', `One:\n\n${JPG}\n\nTwo:\n${PDF}`, 'One:\n\nTwo:', [JPG, PDF]],
  ['Markdown', `The [manual](${PDF}) and ![a picture](${JPG})`, 'The manual and', [PDF, JPG]],
  ['Markdown of a page', 'Our [help](https://example.com/help)', 'Our [help](https://example.com/help)', undefined],
  ['the same one twice', `${JPG} and ${JPG}`, 'and', [JPG]],
  ['endings in capitals', 'https://files.example.com/A.JPEG', '', ['https://files.example.com/A.JPEG']],
])('%s', (_, text, rest, media) => {
  expect(takeFiles(text, 10)).toEqual({ text: rest, ...(media && { media }) })
})

test('what is too much stays a link', () => {
  const links = Array.from({ length: 12 }, (_, i) => `https://files.example.com/${i}.png`)
  expect(takeFiles(links.join(' '), 10)).toEqual({ text: links.slice(10).join(' '), media: links.slice(0, 10) })
})

test('a text of brackets is read in time', () => {
  const text = '![['.repeat(20_000)
  expect(takeFiles(text, 10)).toEqual({ text })
})
