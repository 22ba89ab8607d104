/** A country whose numbers are written in more than one way for the same telephone. */
export interface SpelledCountry {
  country: string
  callingCode: string
  /**
   * All spellings of a number, without its calling code, the one of the present numbering plan first.
   * @param national the digits behind the calling code, in any spelling
   * @returns undefined for a number that has one spelling only
   */
  spellings(national: string): readonly string[] | undefined
  /** Where the rule comes from. */
  sources: readonly string[]
  /** Numbers that are made up, each in all of its spellings. */
  samples: readonly (readonly string[])[]
}

const mexico: SpelledCountry = {
  country: 'MX',
  callingCode: '52',
  // Until August 2019 a 1 before the ten digits marked a mobile number; WhatsApp keeps it.
  spellings: (national) => {
    const [, number] = /^1?([2-9]\d{9})$/.exec(national) ?? []
    return number === undefined ? undefined : [number, `1${number}`]
  },
  sources: ['https://www.twilio.com/guidelines/mx/voice', 'https://github.com/chatwoot/chatwoot/issues/14048'],
  samples: [
    ['+525512345678', '+5215512345678'],
    ['+528112345678', '+5218112345678'],
  ],
}

const brazil: SpelledCountry = {
  country: 'BR',
  callingCode: '55',
  // Between 2012 and 2016 every mobile number got a 9 in front. WhatsApp names accounts from before that without it, which
  // depends on the area code and on when the account was made, so both are looked for everywhere. Landlines begin with 2 to
  // 5, and a 9 before those digits was never added to an older number.
  spellings: (national) => {
    const [, area, number] = BRAZILIAN_MOBILE.exec(national) ?? []
    return area === undefined || number === undefined ? undefined : [`${area}9${number}`, `${area}${number}`]
  },
  sources: [
    'https://support.gupshup.io/hc/en-us/articles/4407840924953',
    'https://github.com/google/libphonenumber/blob/master/migrator/src/data/recipes.csv',
  ],
  samples: [
    ['+5511981234567', '+551181234567'],
    ['+5531996883193', '+553196883193'],
  ],
}

const BRAZILIAN_MOBILE = /^(1[1-9]|2[12478]|3[1-578]|4[1-9]|5[1345]|6[1-9]|7[134579]|8[1-9]|9[1-9])9?([6-9]\d{7})$/

const argentina: SpelledCountry = {
  country: 'AR',
  callingCode: '54',
  // A mobile number has a 9 in front when it is called from abroad. Landlines share the ten digits with mobile ones, and no
  // digits belong to one of each.
  spellings: (national) => {
    const [, number] = /^9?([123]\d{9})$/.exec(national) ?? []
    return number === undefined ? undefined : [`9${number}`, number]
  },
  sources: [
    'https://green-api.com/en/docs/faq/features-of-sending-and-receiving-messages-from-different-countries/',
    'https://github.com/chatwoot/chatwoot/issues/5840',
  ],
  samples: [
    ['+5491158749895', '+541158749895'],
    ['+5493514123456', '+543514123456'],
  ],
}

const ivoryCoast: SpelledCountry = {
  country: 'CI',
  callingCode: '225',
  // Since January 2021 the operator's two digits stand before the eight; which ones they are says the old number's second
  // digit. Old landlines begin with 2 and 3.
  spellings: (national) => {
    const [, operator, number] = /^(0[157])?([014-9]\d{7})$/.exec(national) ?? []
    if (number === undefined) return undefined
    const present = IVORIAN_OPERATORS[Number(number[1])]
    return operator !== undefined && operator !== present ? undefined : [`${present}${number}`, number]
  },
  sources: [
    'https://fr.wikipedia.org/wiki/Liste_des_indicatifs_téléphoniques_en_Côte_d’Ivoire',
    'https://github.com/devlikeapro/waha/issues/1894',
  ],
  samples: [
    ['+2250707123456', '+22507123456'],
    ['+2250545678901', '+22545678901'],
    ['+2250101234567', '+22501234567'],
  ],
}

/** Moov (01), MTN (05) and Orange (07), by the second digit of a number of eight digits. */
const IVORIAN_OPERATORS = ['01', '01', '01', '01', '05', '05', '05', '07', '07', '07'] as const

const benin: SpelledCountry = {
  country: 'BJ',
  callingCode: '229',
  // Since 30 November 2024 every number begins with 01.
  spellings: (national) => {
    const [, number] = /^(?:01)?([24-9]\d{7})$/.exec(national) ?? []
    return number === undefined ? undefined : [`01${number}`, number]
  },
  sources: ['https://github.com/mobi/telephone_number/issues/138'],
  samples: [['+2290197123456', '+22997123456']],
}

/**
 * The countries in which one telephone has several spellings that are in use: as a rule the country's numbering plan changed,
 * and WhatsApp goes on with the number under which an account was made.
 *
 * What is stored goes by these rules, so a rule must never give a number another first spelling than before.
 */
export const SPELLED_COUNTRIES: readonly SpelledCountry[] = [mexico, brazil, argentina, ivoryCoast, benin]
