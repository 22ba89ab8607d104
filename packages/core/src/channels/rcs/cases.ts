import { type ChannelCase, OPT_OUT_TEXT } from '../channel-case.ts'

/** The fields are those of Twilio's webhook; the people are made up. */
export const cases: ChannelCase[] = [
  {
    name: 'a text',
    payload: { Body: 'Good evening' },
    reads: 'Good evening',
    stored: { status: 'answered' },
    sent: [{ body: 'ok' }],
  },
  {
    name: 'a suggested reply',
    payload: { Body: 'Track my order', ButtonText: 'Track my order', ButtonPayload: 'track' },
    reads: 'Track my order',
    stored: { status: 'answered' },
    sent: [{ body: 'ok' }],
  },
  {
    name: 'a place',
    payload: { Body: '', Latitude: '48.8584', Longitude: '2.2945' },
    reads: '⟦The person sent a location: 48.8584, 2.2945⟧',
    stored: { status: 'answered' },
    sent: [{ body: 'ok' }],
  },
  {
    name: 'a place that is none',
    payload: { Body: 'There', Latitude: 'somewhere', Longitude: '2.2945' },
    reads: 'There',
    stored: { status: 'answered' },
    sent: [{ body: 'ok' }],
  },
  {
    name: 'a film',
    payload: { Body: 'Look' },
    files: [{ type: 'video/mp4', bytes: 2_500_000 }],
    reads: 'Look\n\n⟦video/mp4, 2.5 MB: <link>⟧',
    stored: { status: 'answered', files: ['video/mp4'] },
    sent: [{ body: 'ok' }],
  },
  {
    name: 'an opt-out on which Twilio does nothing, confirmed by us',
    payload: { Body: 'Please stop' },
    stored: { status: 'dropped', reason: 'stop', text: 'Please stop' },
    sent: [{ body: OPT_OUT_TEXT }],
  },
  {
    name: 'STOP holds for SMS and RCS together',
    payload: { Body: 'STOP', OptOutType: 'STOP' },
    stored: { status: 'dropped', reason: 'stop', text: 'STOP' },
    sent: [],
  },
  {
    name: 'Markdown in the answer',
    payload: { Body: 'When are you open?' },
    reads: 'When are you open?',
    answers: '## Our hours\n\n- **Mon**: 9–17\nSee [our page](https://example.com/a_b) and 2*3*4.',
    stored: { status: 'answered' },
    sent: [{ body: 'Our hours\n\n- Mon: 9–17\nSee our page (https://example.com/a_b) and 2*3*4.' }],
  },
]
