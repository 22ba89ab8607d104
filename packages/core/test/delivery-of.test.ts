import { expect, test } from 'vitest'
import { deliveryOf } from '../src/channels/twilio/delivery-of.ts'
import { loadRoutes } from '../src/routing/load.ts'

const routes = loadRoutes(
  `
sms:
  - { sender: "+15005550006", inbound_agents: [{ agent_id: a }] }
  - { sender: "+15005550007", inbound_agents: [{ agent_id: a }], text_format: as_is }
  - { sender: "whatsapp:+15005550006", inbound_agents: [{ agent_id: a }] }
  - { sender: "+15005550008", inbound_agents: [{ agent_id: a }], media: { policy: ignore, send_links: true } }
`,
  'chatlane.yaml',
)

const TEXT = '**Open** [here](https://example.com/map)'
const LINK = 'https://files.example.com/menu.pdf'

test.each([
  ['an agent by SMS', '+15005550006', { role: 'agent' }, TEXT, { text: 'Open here (https://example.com/map)' }],
  ['on WhatsApp', 'whatsapp:+15005550006', { role: 'agent' }, TEXT, { text: '*Open* here (https://example.com/map)' }],
  ['a route that wants it as it is', '+15005550007', { role: 'agent' }, TEXT, { text: TEXT }],
  ['an address without a route', '+15005550001', { role: 'agent' }, '**a**', { text: 'a' }],
  ['an operator', '+15005550006', { role: 'agent', by: 'operator' }, TEXT, { text: TEXT }],
  ['the business', '+15005550006', { role: 'system', by: 'business' }, TEXT, { text: TEXT }],
  ['a link to a file', '+15005550008', { role: 'agent' }, `**See** ${LINK}`, { text: 'See', media: [LINK] }],
  ['an operator’s', '+15005550008', { role: 'agent', by: 'operator' }, `See ${LINK}`, { text: 'See', media: [LINK] }],
  ['the business’s', '+15005550008', { role: 'system', by: 'business' }, `See ${LINK}`, { text: `See ${LINK}` }],
] as const)('%s', (_, from, author, text, expected) => {
  const channel = from.startsWith('whatsapp:') ? 'whatsapp' : 'sms'
  const address = { channel, to: '+14155550123', from, ownLine: true } as const
  expect(deliveryOf({ ...author, text }, address, routes)).toEqual({ channel, to: '+14155550123', from, ...expected })
})

test('nothing is sent to the web', () => {
  expect(deliveryOf({ role: 'agent', text: 'hi' }, { channel: 'web', to: 'c0_x' }, routes)).toBeUndefined()
})
