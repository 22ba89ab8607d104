export type OptOutWord = 'stop' | 'start' | 'help'

/** A word, as {@link fold} leaves it, and why it is one of ours. */
type Words = Readonly<Record<string, string>>

const TWILIO = 'Twilio acts on it by itself: what it blocks is not to be answered, what it answers not answered twice'
const NAMED = 'the customary word of its language, as senders there name it in their texts'

/**
 * Words that, alone in a message, ask for the end. Only those that Twilio knows, and in other languages those that hardly
 * stand alone for anything else: a person who answers the agent's question must not be cut off by it.
 */
const stop: Words = {
  stop: TWILIO,
  stopall: TWILIO,
  unsubscribe: TWILIO,
  cancel: TWILIO,
  end: TWILIO,
  quit: TWILIO,
  revoke: TWILIO,
  optout: TWILIO,
  'opt out': 'optout as people write it; among the words that US rules (47 CFR 64.1200) always count as an opt-out',
  'opt-out': 'the same',
  'stop all': 'stopall as people write it',
  'stop promotions': 'the button that WhatsApp puts under marketing messages',
  // Spanish
  baja: `${NAMED} ("envía BAJA al …"); that it also means "low" is taken into account, the law is stricter`,
  desuscribir: '"unsubscribe"',
  desuscribirme: '"unsubscribe me"',
  // French
  arret: `${NAMED}; Canadian carriers demand that ARRET works like STOP`,
  desabonner: '"unsubscribe"',
  desinscription: '"unsubscription", as in French newsletters',
  // German
  stopp: 'STOP as it is written in German and Swedish',
  abmelden: NAMED,
  abbestellen: '"cancel a subscription", said of newsletters only',
  // Portuguese
  sair: `${NAMED} (Brazil: "envie SAIR")`,
  descadastrar: '"take me off the list", said of nothing else',
  // Italian
  disiscrivimi: '"unsubscribe me"',
  cancellami: '"take me off", said of lists only',
  // Dutch
  afmelden: NAMED,
  uitschrijven: '"sign me off", said of lists only',
  // Polish
  wypisz: `${NAMED}: "sign me off"`,
  rezygnuje: '"I give it up"',
  // Danish, Norwegian, Swedish
  afmeld: `${NAMED} (Danish)`,
  avmeld: `${NAMED} (Norwegian)`,
  avregistrera: `${NAMED} (Swedish)`,
  // Turkish
  ret: `${NAMED}: Turkish rules for commercial messages name RET`,
  // Hebrew
  הסר: `${NAMED}: Israeli law names it`,
  // Russian, Ukrainian
  стоп: 'STOP in Cyrillic letters',
  отписаться: '"unsubscribe"',
  // Japanese
  配信停止: '"stop sending"',
}

/** Words that lift an opt-out. They mean something only while there is one: YES is an answer like any other otherwise. */
const start: Words = {
  start: TWILIO,
  unstop: TWILIO,
  yes: TWILIO,
  alta: 'the counterpart of BAJA (Spanish)',
  anmelden: 'the counterpart of ABMELDEN (German)',
  aanmelden: 'the counterpart of AFMELDEN (Dutch)',
  старт: 'START in Cyrillic letters',
}

/** Words that Twilio answers by itself. In other languages it does not, and the agent can. */
const help: Words = { help: TWILIO, info: TWILIO }

const TABLE = new Map<string, OptOutWord>([
  ...Object.keys(stop).map((word) => [word, 'stop'] as const),
  ...Object.keys(start).map((word) => [word, 'start'] as const),
  ...Object.keys(help).map((word) => [word, 'help'] as const),
])

/** With what may stand around a word. */
const LONGEST = 40

/** What a message asks for that is one such word and nothing else. */
export function optOutWord(text: string): OptOutWord | undefined {
  return text.length > LONGEST ? undefined : TABLE.get(fold(text))
}

/** Upper and lower case, accents, and what stands around the word (a full stop, quotes, an emoji) make no difference. */
function fold(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '')
    .replace(/\s+/gu, ' ')
    .toLowerCase()
}
