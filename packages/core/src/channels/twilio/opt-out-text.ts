/** A longer request is not a phrase of ours; every step here is linear in this length. */
const LONGEST = 160

/** Beyond this nothing is looked at, also when the rest may be a signature. */
const LONGEST_WITH_SIGNATURE = 2_000

/** Lines that a signature may have. */
const MOST_SIGNATURE_LINES = 12

/** Letters that Unicode does not take apart into a plain one and a mark. */
const PLAIN: Readonly<Record<string, string>> = { ł: 'l', ø: 'o', đ: 'd', ß: 'ss', æ: 'ae', ı: 'i' }

/**
 * Letters of other scripts, and small capitals, that look like those of the Latin one: phones with two keyboards mix them, and
 * whoever wants to get past a list does.
 */
const LOOKS_LIKE: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ['аɑαᴀ', 'a'],
    ['вʙβ', 'b'],
    ['сϲᴄ', 'c'],
    ['ԁᴅ', 'd'],
    ['еєεᴇ', 'e'],
    ['ꜰ', 'f'],
    ['ɢ', 'g'],
    ['нһʜ', 'h'],
    ['іιɪ', 'i'],
    ['јᴊ', 'j'],
    ['кκᴋ', 'k'],
    ['ʟ', 'l'],
    ['мᴍ', 'm'],
    ['ɴη', 'n'],
    ['оοσօᴏ', 'o'],
    ['рρᴘ', 'p'],
    ['ԛ', 'q'],
    ['ʀ', 'r'],
    ['ѕꜱ', 's'],
    ['тτᴛ', 't'],
    ['υսᴜ', 'u'],
    ['νᴠ', 'v'],
    ['ѡԝᴡ', 'w'],
    ['хχ', 'x'],
    ['уγʏ', 'y'],
    ['ᴢ', 'z'],
  ].flatMap(([others = '', letter = '']) => [...others].map((other) => [other, letter])),
)

/** A word without any of these is one of its own language: "так" is not "tak". The Cyrillic ѕ is of none in which people write to us. */
const SOME_LATIN = /[a-zѕꜰꜱʙɢʜɪʟɴʀʏᴀ-ᴢ]/u
const ALL_LATIN = /^[a-z]+$/

const ASCII = /^[\x20-\x7e\r\n\t]*$/

/** A letter that was held down. */
const HELD = /([a-z])\1{2,}/g

/** Quotes that stand inside words. */
const APOSTROPHES = /['’‘ʼ`´＇]/gu
/** Bidirectional marks, joiners, soft hyphens, variation selectors: nothing that one sees. */
const INVISIBLE = /[\p{Cf}\p{M}]/gu
/** Scripts that are written without spaces, or with spaces that people set as they like. */
const UNSPACED =
  /(?<=[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}ー]) (?=[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}ー])/gu

/**
 * The words of a text as phrases are compared: without case, accents, width, punctuation, emoji, dashes of any kind and
 * characters that nobody sees; letters set apart (S.T.O.P.) are one word, letters held down (STOPPP) count once. Digits stay,
 * each number a word of its own.
 * @returns undefined for a text that is too long for a phrase
 */
export function wordsOf(text: string): string[] | undefined {
  if (text.length > LONGEST) return undefined
  const words = ASCII.test(text) ? asciiWords(text) : unicodeWords(text)
  return words.length < 3 ? words : joinSpelled(words)
}

/** A text's first word, when that stands alone among ASCII: nothing behind it can change it. */
const FIRST_WORD = /^[^a-z\d\u0080-\uffff]*([a-z]{2,20}|\d{1,20})(?![a-z\d'`\u0080-\uffff])/i

/**
 * The first of {@link wordsOf} a text, or of the lines above its signature, at a fraction of their cost.
 * @returns undefined where only they can tell
 */
export function firstWordOf(text: string): string | undefined {
  const [, word] = FIRST_WORD.exec(text) ?? []
  const plain = word?.toLowerCase().replaceAll(HELD, '$1')
  // A letter may be the beginning of a word that is spelled.
  return plain?.length === 1 ? undefined : plain
}

/** Most messages: the same as {@link unicodeWords} at a fraction of its cost. */
function asciiWords(text: string): string[] {
  const plain = text.toLowerCase().replaceAll(/['`]/g, '').replaceAll(HELD, '$1')
  return plain.match(/[a-z]+|\d+/g) ?? []
}

function unicodeWords(text: string): string[] {
  const plain = text
    .normalize('NFKD')
    .replace(INVISIBLE, '')
    .replace(APOSTROPHES, '')
    .normalize('NFC')
    .toLowerCase()
    .replace(/[łøđßæı]/g, (letter) => PLAIN[letter] ?? letter)
    .replace(/(\p{L})\1{2,}/gu, '$1')
  const words = plain.match(/\p{L}+|\p{N}+/gu) ?? []
  return words
    .map(asLatin)
    .join(' ')
    .replace(UNSPACED, '')
    .split(' ')
    .filter((word) => word !== '')
}

/** A word in which letters only look Latin, in Latin ones; any other as it is. */
function asLatin(word: string): string {
  if (!SOME_LATIN.test(word)) return word
  const latin = [...word].map((letter) => LOOKS_LIKE[letter] ?? letter).join('')
  return ALL_LATIN.test(latin) ? latin : word
}

/** Three or more letters one by one are a word that was spelled. */
function joinSpelled(words: readonly string[]): string[] {
  const joined: string[] = []
  for (let i = 0; i < words.length; ) {
    let end = i
    while (/^\p{L}$/u.test(words[end] ?? '')) end++
    if (end - i >= 3) {
      joined.push(words.slice(i, end).join(''))
      i = end
    } else joined.push(words[i++] ?? '')
  }
  return joined
}

const LINE_BREAK = /\r\n|[\n\r\u0085\u2028\u2029]/u

/** A line that divides a text from the signature under it. */
const DIVIDER = /^(?:[-–—_=*~]{2,}|—)$/u

/** What a mail program puts above the text that it quotes below an answer. */
const QUOTES =
  /^(?:>|-{2,} ?original message|(?:on|am|el|le|il|em|op) .{4,120} (?:wrote|schrieb .{1,60}|escribió|a écrit|ha scritto|escreveu|schreef .{1,60}) ?:$)/iu

/** What mail programs and phones put under a text, as far as its first words. */
const DEVICE =
  /^(?:sent (?:from|via|with|on) |get outlook|enviado (?:desde|do|de|pelo|via) |envoyé (?:de|depuis|avec) |(?:von|gesendet von|gesendet mit) (?:meinem|mein|outlook)|inviato (?:da|dal) |verstuurd |verzonden (?:vanaf|met|via) |wysłan[eoy] z |skickat från |sendt fra |отправлено с|надіслано з|iphoneから送信|발송|나의 iphone|发自我的|發自我的|從我的|gửi từ |iphone.?umdan gönder|dikirim dari )/iu

/** With what people close a letter, and nothing else on its line. */
const CLOSING =
  /^(?:(?:best |kind |warm |many )?(?:regards|wishes)|best|sincerely|yours(?: truly| sincerely)?|cheers|rgds|saludos|un saludo|atentamente|cordialement|bien cordialement|mit freundlichen grüßen|viele grüße|liebe grüße|grüße|gruß|mfg|vg|lg|cordiali saluti|saluti|atenciosamente|abraços|met vriendelijke groet|groeten|groetjes|mvg|pozdrawiam|med vänlig hälsning|mvh|med venlig hilsen|с уважением|з повагою)[,.!]?$/iu

/** A name behind a dash. */
const SIGNED = /^[-–—~]{1,3} ?\p{L}[\p{L}\p{M} .'’]{0,40}$/u

/** Two or three words in title case. */
const FULL_NAME = /^\p{Lu}[\p{L}\p{M}'’.-]{0,20}(?: \p{Lu}[\p{L}\p{M}'’.-]{0,20}){1,2}$/u

const ENDS = [DIVIDER, DEVICE, CLOSING, QUOTES]

/**
 * A text without what its author did not write for us: the signature under it, or what it answers.
 * @returns undefined when no line of it is sure to begin one
 */
export function aboveSignature(text: string): string | undefined {
  const lines = linesOf(text)
  const at = lines.findIndex((line, i) => i > 0 && ENDS.some((end) => end.test(line)))
  return at === -1 ? undefined : lines.slice(0, at).join('\n')
}

/**
 * A text below the lines that it quotes.
 * @returns undefined when it quotes nothing, or nothing else is there
 */
export function belowQuote(text: string): string | undefined {
  if (!/^\s*>/.test(text)) return undefined
  const lines = linesOf(text)
  const own = lines.filter((line) => !line.startsWith('>'))
  return own.length < lines.length && own.some((line) => line !== '') ? own.join('\n') : undefined
}

/** As many signs as somebody sends in a row. */
const LONGEST_SIGNS = 100

/** Whether a text is the sign itself and nothing else: it has STOP written on it. */
export function isStopSign(text: string): boolean {
  if (text.length > LONGEST_SIGNS || !text.includes('🛑')) return false
  return text.replaceAll('🛑', '').replace(INVISIBLE, '').trim() === ''
}

/**
 * A keyword above a name: signed with a dash, or written in capitals, as the instruction has it, above a full name.
 * @returns undefined for anything else, so that no name beside a keyword is lost
 */
export function aboveName(text: string): string | undefined {
  const [first = '', ...rest] = linesOf(text).filter((line) => line !== '')
  const [name = ''] = rest
  if (rest.length !== 1) return undefined
  const capitals = /^[^\p{Ll}]+$/u.test(first)
  return SIGNED.test(name) || (capitals && FULL_NAME.test(name)) ? first : undefined
}

function linesOf(text: string): string[] {
  // A signature has a line of its own.
  if (text.length > LONGEST_WITH_SIGNATURE || !LINE_BREAK.test(text)) return []
  const lines = text
    .trim()
    .split(LINE_BREAK)
    .map((line) => line.trim())
  return lines.length > MOST_SIGNATURE_LINES ? [] : lines
}
