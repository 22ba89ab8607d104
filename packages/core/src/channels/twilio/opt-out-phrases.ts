/** What a phrase means for what may be sent to its author. */
export type OptOutWord = 'stop' | 'start' | 'help'

/**
 * Phrases of one meaning, and why they are on the list.
 *
 * `(a|b)` stands for one of the alternatives, `[a|b]` for one of them or none. Case, accents, punctuation and polite words
 * around a phrase do not matter, see `optOutWord`.
 */
export interface PhraseGroup {
  word: OptOutWord
  /** An ordinary answer when anything stands beside it: it counts only as the whole message. */
  alone?: true
  phrases: readonly string[]
  why: string
}

const TWILIO = 'Twilio blocks on it'
const NAMED = 'the keyword that senders of the country name in their texts'
const DICTIONARY = 'the word for "unsubscribe", or "take me off the list"'
const SAYS_SO = 'says that messages are to end, in so many words'

/**
 * Everything that opts out, in or asks for help, by language. A phrase is here when it hardly stands for anything else: an
 * answer to the agent must not cut a person off. What is missing reaches the agent, whose tool can record it over HTTP.
 */
export const PHRASES: Readonly<Record<string, readonly PhraseGroup[]>> = {
  English: [
    {
      word: 'stop',
      phrases: ['stop', 'stopall', 'unsubscribe', 'optout'],
      why: `${TWILIO}; among the words that 47 CFR 64.1200(a)(10) counts in any case`,
    },
    {
      word: 'stop',
      alone: true,
      phrases: ['cancel', 'end', 'quit', 'revoke'],
      why: `${TWILIO}, and 47 CFR 64.1200(a)(10) counts it; beside another word it is an order to the agent`,
    },
    {
      word: 'stop',
      phrases: ['stop all', 'opt [me] out', 'unsub', 'unsubscribe me', 'stop promotions'],
      why: 'the same as people write it; WhatsApp’s button under marketing messages',
    },
    {
      word: 'stop',
      phrases: [
        '(stop|quit|cease) (texting|messaging|contacting|txting|msging|writing|spamming|bothering) [me|us|this number|my number|my phone] [anymore|any more]',
        '(can|could|would|will) you [please|just] stop (texting|messaging|contacting|spamming) (me|us)',
        'stop sending [me|us] [these|any|any more|your|more|so many|all these] (texts|messages|text messages|msgs|sms|spam|promotions|ads)',
        'stop [all|the|these|your] [future|promotional|marketing] (text|texts|txt|txts|messages|text messages|msg|msgs|sms|spam|ads|promotions)',
        '(dont|do not|never) (text|message|contact|txt) [me|us|this number|my number] [again|anymore|any more|ever again]',
        'no more (texts|txts|messages|text messages|msgs|sms|spam)',
        '(cancel|end) [all|the|these|your] (texts|messages|text messages|sms)',
        '[i] (dont|do not) want [to get|to receive] [these|any|any more|more|your] (texts|messages|text messages|sms)',
        '[i] no longer (want|wish) [to get|to receive] [these|any|your] (texts|messages|text messages|sms)',
        'leave me alone',
        'cease and desist',
      ],
      why: SAYS_SO,
    },
    {
      word: 'stop',
      phrases: [
        'remove me',
        '(remove me from|take me off|unsubscribe me from|delete me from) [your|this|the] [mailing|contact|text] list',
        '(remove|delete|lose) (my|this) [phone] number [from your list]',
        'take my [phone] number off (your|this|the) [mailing|contact|text] list',
        'i (want|would like|wish) to (unsubscribe|opt out)',
        '(id like|i need) to (unsubscribe|opt out)',
        '(unsubscribe|opt out) (from|of) (your|this|these|the|all) (texts|messages|list)',
        'i opt out',
        '[i] (revoke|withdraw) [my] consent',
      ],
      why: DICTIONARY,
    },
    {
      word: 'stop',
      phrases: [
        'un (sub|subscribe)',
        'unsub(bed|cribe|scibe|scirbe|scrib|scribed|sribe)',
        'unsuscribe',
        'unsubscribe all',
        'stpo',
        'sotp',
        'tsop',
      ],
      why: 'slips of the finger that make no other word',
    },
    { word: 'start', phrases: ['start', 'unstop'], why: 'Twilio lifts its block on it' },
    {
      word: 'start',
      alone: true,
      phrases: ['yes'],
      why: 'Twilio lifts its block on it; with more words it is an answer',
    },
    { word: 'help', alone: true, phrases: ['help', 'info'], why: 'Twilio answers it by itself' },
  ],
  Spanish: [
    {
      word: 'stop',
      alone: true,
      phrases: ['baja'],
      why: `${NAMED} ("envía BAJA al …"); it also means "low", so only alone`,
    },
    {
      word: 'stop',
      phrases: ['parar', 'detener', 'desuscribir', 'desuscribirme', 'desuscribeme', 'desuscribanme'],
      why: `STOP as it is translated; ${DICTIONARY}`,
    },
    {
      word: 'stop',
      phrases: [
        'no (mas|quiero|quiero mas|quiero recibir|quiero recibir mas|deseo recibir|deseo recibir mas) (mensajes|sms)',
        'no me (mande|manden|mandes|envie|envien|envies) [mas] (mensajes|sms)',
        'no me (escriba|escriban|escribas) mas',
        '(deja|deje|dejen) de (escribirme|enviarme mensajes|mandarme mensajes|enviar mensajes|mandar mensajes)',
        '(quitenme|borrenme|eliminenme|saquenme) de (la|su|esta) lista',
      ],
      why: SAYS_SO,
    },
    { word: 'start', phrases: ['alta'], why: 'the counterpart of BAJA' },
  ],
  French: [
    {
      word: 'stop',
      phrases: ['arret', 'arrett', 'arrete', 'arretez', 'stop (sms|pub)'],
      why: `${NAMED}; Canadian carriers demand ARRET, and Twilio’s Proxy blocks on all three spellings`,
    },
    {
      word: 'stop',
      phrases: [
        'desabonner',
        '(me|se) desabonner',
        'desabonnement',
        'desabonnez moi',
        'desinscription',
        '[me] desinscrire',
        'desinscrivez moi',
        'je (veux|souhaite) me (desabonner|desinscrire)',
        'retirez moi de (la|votre) liste',
      ],
      why: DICTIONARY,
    },
    {
      word: 'stop',
      phrases: [
        'ne (mecrivez|mecris|me contactez|me contacte) plus',
        'ne (menvoyez|menvoie) plus (de|vos|aucun) (message|messages|sms|texto|textos)',
        '(arretez|arrete) (de mecrire|de menvoyer des messages|de menvoyer des sms|de me contacter|les messages|les sms|vos messages)',
        '[je ne veux|je veux ne] plus (recevoir de|recevoir vos|recevoir) (messages|sms|textos)',
        'plus de (messages|sms|textos)',
      ],
      why: SAYS_SO,
    },
  ],
  Portuguese: [
    {
      word: 'stop',
      alone: true,
      phrases: ['sair'],
      why: `${NAMED} (Brazil: "envie SAIR"); it also means "to leave", so only alone`,
    },
    {
      word: 'stop',
      phrases: ['parar', 'descadastrar', 'descadastre me', 'me descadastre', 'me descadastrar'],
      why: `STOP as it is translated; ${DICTIONARY}`,
    },
    {
      word: 'stop',
      phrases: [
        '(pare|parem) de [me] (enviar|mandar) (mensagem|mensagens|sms)',
        'nao [me] (mande|mandem|envie|enviem) [mais] (mensagem|mensagens|sms)',
        'nao quero [mais] [receber] [mais|suas|essas] (mensagem|mensagens|sms)',
        'chega de (mensagem|mensagens|sms)',
        '[me] (tire|retire|remova) [me] da (lista|sua lista)',
        '(apague|remova|retire) [o] meu numero',
      ],
      why: SAYS_SO,
    },
  ],
  German: [
    { word: 'stop', phrases: ['stopp'], why: 'STOP as it is written in German and Swedish' },
    {
      word: 'stop',
      alone: true,
      phrases: ['abmelden', 'abbestellen', 'austragen'],
      why: `${NAMED}; also said of courses and orders, so only alone`,
    },
    {
      word: 'stop',
      phrases: [
        'keine (sms|nachrichten|weiteren nachrichten|weiteren sms|werbung) [mehr] [senden|schicken]',
        'ich (will|mochte) keine (sms|nachrichten|werbung) mehr [bekommen|erhalten]',
        '(hort|horen sie|hor) [bitte] auf (mir zu schreiben|mich anzuschreiben|mir nachrichten zu schicken)',
        '(schreibt|schreiben sie|schreib) mir [bitte] (nicht mehr|nie wieder)',
        '(nehmt|nehmen sie) mich [bitte] (aus dem verteiler|aus der liste|von der liste)',
        '(loscht|loschen sie|losch) [bitte] meine nummer',
        '[bitte] [mich] (vom newsletter|vom verteiler|von der liste) (abmelden|streichen|nehmen)',
      ],
      why: SAYS_SO,
    },
    { word: 'start', phrases: ['anmelden'], why: 'the counterpart of ABMELDEN' },
  ],
  Italian: [
    {
      word: 'stop',
      alone: true,
      phrases: ['cancellami'],
      why: `${DICTIONARY}; beside other words it may mean a booking`,
    },
    {
      word: 'stop',
      phrases: [
        'disiscrivimi',
        'disiscrivermi',
        'disiscrivetemi',
        'disiscrizione',
        '(cancellami|cancellatemi|toglietemi|toglimi|rimuovimi|rimuovetemi) dalla [vostra|tua] lista',
        'rimuovimi',
        'rimuovetemi',
      ],
      why: DICTIONARY,
    },
    {
      word: 'stop',
      phrases: [
        'basta (messaggi|sms)',
        'non (voglio|desidero) [piu] [ricevere] [piu|altri|i vostri] (messaggi|sms)',
        'non (scrivetemi|scrivermi|contattatemi|mi scrivete|mi scrivere|mi contattate) piu',
        'non (inviatemi|mandatemi|mi inviate|mi mandate) piu (messaggi|sms)',
        '(smettete|smettila|smetti) di (scrivermi|mandarmi messaggi|inviarmi messaggi|contattarmi)',
      ],
      why: SAYS_SO,
    },
  ],
  Dutch: [
    {
      word: 'stop',
      alone: true,
      phrases: ['afmelden', 'uitschrijven'],
      why: `${NAMED}; also said of courses, so only alone`,
    },
    {
      word: 'stop',
      phrases: ['(meld|schrijf) (mij|me) (af|uit)', 'haal (mij|me) van (de|jullie|uw) lijst', 'verwijder mijn nummer'],
      why: DICTIONARY,
    },
    {
      word: 'stop',
      phrases: [
        '[ik wil] geen (sms|smsjes|berichten|reclame) meer [ontvangen|krijgen|sturen]',
        'stop met (smsen|appen|berichten sturen|mij berichten sturen|mij te smsen)',
        '(stuur|stuurt u) (mij|me) geen (sms|smsjes|berichten) meer',
      ],
      why: SAYS_SO,
    },
    { word: 'start', phrases: ['aanmelden'], why: 'the counterpart of AFMELDEN' },
  ],
  Polish: [
    {
      word: 'stop',
      alone: true,
      phrases: ['wypisz', 'rezygnuje'],
      why: `${NAMED}; also said of orders, so only alone`,
    },
    {
      word: 'stop',
      phrases: [
        'wypisz mnie [z listy]',
        '[prosze] mnie wypisac',
        'wypiszcie mnie',
        'usun moj numer',
        'usuncie moj numer',
      ],
      why: DICTIONARY,
    },
    {
      word: 'stop',
      phrases: [
        '(nie wysylaj|nie wysylajcie|nie wysylac|prosze nie wysylac) [mi] [wiecej] (wiadomosci|smsow|sms)',
        'nie chce [juz] [wiecej|dostawac|otrzymywac] (wiadomosci|smsow|sms)',
        '(nie pisz|nie piszcie|nie pisac) (do mnie|wiecej|do mnie wiecej)',
        '(przestan|przestancie) [do mnie] (pisac|wysylac wiadomosci|wysylac smsy) [do mnie]',
      ],
      why: SAYS_SO,
    },
  ],
  Swedish: [
    { word: 'stop', phrases: ['avregistrera [mig]'], why: NAMED },
    {
      word: 'stop',
      phrases: [
        'sluta (smsa|messa|skriva|skicka sms|skicka meddelanden) [till mig|mig]',
        'inga fler (sms|meddelanden)',
        'ta bort mitt nummer',
        'ta bort mig fran listan',
      ],
      why: SAYS_SO,
    },
  ],
  Danish: [
    { word: 'stop', phrases: ['afmeld [mig]'], why: NAMED },
    {
      word: 'stop',
      phrases: [
        '(ikke flere|ingen flere) (sms|sms er|beskeder)',
        'stop med at (skrive|sende sms|sende beskeder) [til mig]',
        'slet mit nummer',
      ],
      why: SAYS_SO,
    },
  ],
  Norwegian: [
    { word: 'stop', phrases: ['avmeld [meg]', 'meld meg av'], why: NAMED },
    {
      word: 'stop',
      phrases: [
        '(ikke flere|ingen flere) (sms|meldinger)',
        'slutt a (skrive|sende sms|sende meldinger) [til meg]',
        'slett nummeret mitt',
      ],
      why: SAYS_SO,
    },
  ],
  Turkish: [
    { word: 'stop', alone: true, phrases: ['ret'], why: `${NAMED}: the rules for commercial messages there name RET` },
    {
      word: 'stop',
      phrases: [
        '[artik|bana] [bir daha] mesaj (istemiyorum|atmayin|gondermeyin|atma|gonderme)',
        'mesaj almak istemiyorum',
        'beni listeden (cikarin|cikar|silin)',
        'bana yazmayin',
      ],
      why: SAYS_SO,
    },
  ],
  Russian: [
    {
      word: 'stop',
      phrases: ['стоп', 'отписаться', 'отписка', 'отпишите меня', 'отпиши меня'],
      why: `STOP in Cyrillic letters; ${DICTIONARY}`,
    },
    {
      word: 'stop',
      phrases: [
        '[больше] не (пишите|присылайте|шлите) [мне] [больше] [смс|сообщения|сообщений]',
        '(прекратите|хватит|перестаньте) [мне] (писать|слать сообщения|слать смс|присылать сообщения) [мне]',
        'удалите мой номер',
      ],
      why: SAYS_SO,
    },
    { word: 'start', phrases: ['старт'], why: 'START in Cyrillic letters' },
  ],
  Greek: [{ word: 'stop', phrases: ['στοπ'], why: 'STOP in Greek letters' }],
  Ukrainian: [
    { word: 'stop', phrases: ['відписатися', 'відписатись', 'відпишіть мене'], why: DICTIONARY },
    {
      word: 'stop',
      phrases: ['[більше] не (пишіть|надсилайте) [мені] [більше] [смс|повідомлення|повідомлень]', 'видаліть мій номер'],
      why: SAYS_SO,
    },
  ],
  Hebrew: [
    {
      word: 'stop',
      phrases: ['הסר', 'הסרה', '(הסר|הסירו|תסירו|להסיר) אותי [מהרשימה]'],
      why: `${NAMED}: the law on spam there names it`,
    },
    { word: 'stop', phrases: ['(תפסיקו|להפסיק) לשלוח [לי] [הודעות|סמסים]', 'אל תשלחו לי [יותר] הודעות'], why: SAYS_SO },
  ],
  Arabic: [
    {
      word: 'stop',
      phrases: [
        '(اوقف|اوقفوا|ايقاف) (الرسائل|ارسال الرسائل)',
        'لا (ترسل|ترسلوا) [لي|المزيد من] (رسائل|الرسائل)',
        'توقف عن (مراسلتي|ارسال الرسائل)',
      ],
      why: SAYS_SO,
    },
  ],
  Japanese: [
    {
      word: 'stop',
      phrases: [
        '配信(停止|解除|不要)[してください|して下さい|お願いします|をお願いします|を希望します|希望]',
        '(登録|購読)解除[してください|して下さい|お願いします|をお願いします]',
        'ストップ',
      ],
      why: `${NAMED}: "stop sending"`,
    },
    {
      word: 'stop',
      phrases: [
        '[もう](メール|メッセージ|ショートメール|SMS)[を|は](送らないで|送ってこないで|やめて|止めて|停止して)[ください|下さい]',
        '[もう](送らないで|送ってこないで|連絡しないで)[ください|下さい]',
      ],
      why: SAYS_SO,
    },
  ],
  Korean: [
    {
      word: 'stop',
      phrases: ['[무료]수신거부[합니다|할게요|해주세요|해 주세요|요청|신청|요청합니다|부탁드립니다]', '수신차단'],
      why: `${NAMED}: advertisements there must name 수신거부`,
    },
    {
      word: 'stop',
      phrases: [
        '[문자|메시지|이제][를|좀](그만 보내|그만 보내세요|그만 보내주세요|보내지 마|보내지 마세요|보내지 말아주세요|그만 보내 주세요)',
        '[더 이상](연락|문자|문자하지|연락하지)[하지]마세요',
      ],
      why: SAYS_SO,
    },
  ],
  Chinese: [
    {
      word: 'stop',
      phrases: ['[请|我要]退订[短信|谢谢]', '[請|我要]退訂[簡訊|謝謝]'],
      why: `${NAMED}: rules for commercial texts there name it`,
    },
    {
      word: 'stop',
      phrases: [
        '[请]停止(发送|发|给我发)[短信|信息|消息]',
        '[请](不要|别)再(发|发送|给我发)[短信|信息|消息][了]',
        '[请](不要|别)(给我|再给我)发(短信|信息|消息)[了]',
        '[请](不要|别)再联系我[了]',
        '[請]停止(發送|傳送)[簡訊|訊息]',
        '[請](不要|別)再(發|傳|傳送|發送)[簡訊|訊息|訊息給我][了]',
        '[請](不要|別)再聯絡我[了]',
        '拒收[短信|簡訊]',
      ],
      why: SAYS_SO,
    },
  ],
  Vietnamese: [
    {
      word: 'stop',
      phrases: ['từ chối (nhận tin|nhận tin nhắn|quảng cáo|nhận quảng cáo)', '(hủy|huỷ|ngừng|dừng) nhận tin [nhắn]'],
      why: `${NAMED}: the decree on spam there demands a way to refuse`,
    },
    {
      word: 'stop',
      phrases: [
        '(ngừng|dừng) (nhắn tin|gửi tin|gửi tin nhắn) [cho tôi|cho tui|cho mình]',
        'đừng (nhắn tin|nhắn|gửi tin nhắn|gửi tin) [cho tôi|cho mình] nữa',
        'đừng (nhắn tin|gửi tin nhắn) cho (tôi|mình)',
        'không (muốn nhận|nhận) tin nhắn nữa',
      ],
      why: SAYS_SO,
    },
  ],
  Indonesian: [
    {
      word: 'stop',
      phrases: [
        'unreg',
        '(berhenti|stop) (kirim|kirim pesan|kirim sms|mengirim pesan)',
        'jangan (kirim|kirimi saya|hubungi saya) [pesan|sms] lagi',
        'hapus nomor saya',
      ],
      why: `UNREG is the keyword there; ${SAYS_SO}`,
    },
  ],
}

/** Polite and urgent words that change nothing about a request beside which they stand. Never a name, a number or a day. */
export const POLITE: readonly string[] = [
  ...['please', 'pls', 'plz', 'kindly', 'thanks', 'thank you', 'thank you very much', 'thx', 'ty', 'now', 'right now'],
  ...['immediately', 'already', 'asap', 'at once', 'hi', 'hello'],
  // Before a subject line.
  ...['re', 'fw', 'fwd'],
  ...['por favor', 'porfavor', 'porfa', 'gracias', 'muchas gracias', 'ya', 'ahora', 'hola'],
  ...['sil vous plait', 'sil te plait', 'svp', 'stp', 'merci', 'maintenant', 'bonjour'],
  ...['obrigado', 'obrigada', 'obg', 'agora', 'ola'],
  ...['bitte', 'danke', 'vielen dank', 'sofort', 'jetzt', 'endlich', 'hallo'],
  ...['per favore', 'per cortesia', 'grazie', 'subito', 'ciao'],
  ...['alstublieft', 'alsjeblieft', 'aub', 'bedankt', 'dank u', 'dank je', 'nu'],
  ...['prosze', 'dziekuje', 'dzieki'],
  ...['tack', 'snalla', 'tak', 'takk', 'venligst', 'vennligst'],
  ...['lutfen', 'tesekkurler'],
  ...['παρακαλώ', 'ευχαριστώ', 'ευχαριστώ πολύ'],
  ...['пожалуйста', 'спасибо', 'будь ласка', 'дякую'],
  ...['בבקשה', 'תודה', 'من فضلك', 'شكرا', 'لو سمحت'],
  ...['xin', 'vui lòng', 'làm ơn', 'cảm ơn', 'cám ơn', 'tolong', 'mohon', 'terima kasih'],
  ...['お願いします', '谢谢', '謝謝', '부탁드립니다', '감사합니다'],
]

/** Every phrase that a pattern of {@link PhraseGroup} stands for. */
export function expand(pattern: string): string[] {
  const found = CHOICE.exec(pattern)
  if (!found) return [pattern]
  const [choice, one, maybe] = found
  const options = one === undefined ? ['', ...(maybe ?? '').split('|')] : one.split('|')
  const before = pattern.slice(0, found.index)
  const tails = expand(pattern.slice(found.index + choice.length))
  return options.flatMap((option) => tails.map((tail) => before + option + tail))
}

const CHOICE = /\(([^()[\]]*)\)|\[([^()[\]]*)\]/
