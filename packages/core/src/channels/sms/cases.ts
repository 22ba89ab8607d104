import { type ChannelCase, MEDIA_REPLY } from '../channel-case.ts'

const LONG = Array(400).fill('word').join(' ')

/** With MMS. The fields are those of Twilio's webhook; the people are made up. */
export const cases: ChannelCase[] = [
  {
    name: 'a text',
    payload: { Body: 'Hi, é & 100%?', NumSegments: '1', FromCity: 'OAKLAND', FromState: 'CA', FromCountry: 'US' },
    reads: 'Hi, é & 100%?',
    stored: { status: 'answered' },
    sent: [{ body: 'ok' }],
  },
  {
    name: 'white space is the person’s own',
    payload: { Body: '  two lines\n  and more ' },
    reads: '  two lines\n  and more ',
    stored: { status: 'answered' },
    sent: [{ body: 'ok' }],
  },
  {
    name: 'nothing to read',
    payload: { Body: ' \n ' },
    sent: [],
  },
  {
    name: 'STOP, which Twilio answers itself',
    payload: { Body: 'Stop', OptOutType: 'STOP' },
    stored: { status: 'dropped', reason: 'stop', text: 'Stop' },
    sent: [],
  },
  {
    name: 'an answer that is too long for one message',
    payload: { Body: 'Tell me everything' },
    reads: 'Tell me everything',
    answers: LONG,
    stored: { status: 'answered' },
    sent: [{ body: LONG.slice(0, 1_599) }, { body: LONG.slice(1_600) }],
  },
  {
    name: 'MMS: a picture with a text, described',
    payload: { Body: 'Is this the one?' },
    files: [{ type: 'image/jpeg', bytes: 34_120 }],
    reads: 'Is this the one?\n\n⟦image/jpeg, 34 kB: <link>⟧',
    stored: { status: 'answered', files: ['image/jpeg'] },
    sent: [{ body: 'ok' }],
  },
  {
    name: 'MMS: files alone, described',
    payload: { Body: '' },
    files: [
      { type: 'image/png', bytes: 900 },
      { type: 'text/x-vcard; charset=UTF-8', bytes: 1_240_000 },
    ],
    reads: '⟦image/png, 900 bytes: <link>⟧\n⟦text/x-vcard, 1.2 MB: <link>⟧',
    stored: { status: 'answered', files: ['image/png', 'text/x-vcard'] },
    sent: [{ body: 'ok' }],
  },
  {
    name: 'MMS: files that cannot be had are counted',
    payload: { Body: '', NumMedia: '2', MediaUrl0: 'https://files.example.com/a.jpg', MediaContentType0: 'image/jpeg' },
    reads: '⟦The person sent 2 attachments that cannot be shown here.⟧',
    stored: { status: 'answered' },
    sent: [{ body: 'ok' }],
  },
  {
    name: 'MMS: a picture with a text, answered by us as well',
    payload: { Body: 'Is this the one?' },
    files: [{ type: 'image/jpeg', bytes: 100 }],
    media: 'reply',
    reads: 'Is this the one?',
    stored: { status: 'answered', files: ['image/jpeg'] },
    sent: [{ body: MEDIA_REPLY }, { body: 'ok' }],
  },
  {
    name: 'MMS: a picture alone, answered by us alone',
    payload: { Body: '' },
    files: [{ type: 'image/jpeg', bytes: 100 }],
    media: 'reply',
    stored: { status: 'dropped', reason: 'media', text: '', files: ['image/jpeg'] },
    sent: [{ body: MEDIA_REPLY }],
  },
  {
    name: 'MMS: a picture with a text, ignored',
    payload: { Body: 'Is this the one?' },
    files: [{ type: 'image/jpeg', bytes: 100 }],
    media: 'ignore',
    reads: 'Is this the one?',
    stored: { status: 'answered', files: ['image/jpeg'] },
    sent: [{ body: 'ok' }],
  },
  {
    name: 'MMS: a picture alone, ignored',
    payload: { Body: '' },
    files: [{ type: 'image/jpeg', bytes: 100 }],
    media: 'ignore',
    stored: { status: 'dropped', reason: 'media', text: '', files: ['image/jpeg'] },
    sent: [],
  },
  {
    name: 'MMS: links to files in the answer are sent as files',
    payload: { Body: 'Show me' },
    reads: 'Show me',
    answers: 'Here it is: https://files.example.com/front.jpg And the [manual](https://files.example.com/manual.pdf).',
    stored: { status: 'answered' },
    sent: [
      {
        body: 'Here it is: And the manual.',
        files: ['https://files.example.com/front.jpg', 'https://files.example.com/manual.pdf'],
      },
    ],
  },
  {
    name: 'MMS: an answer that is nothing but a link to a file',
    payload: { Body: 'Show me' },
    reads: 'Show me',
    answers: '![The front](https://files.example.com/front.jpg)',
    stored: { status: 'answered' },
    sent: [{ body: '', files: ['https://files.example.com/front.jpg'] }],
  },
]
