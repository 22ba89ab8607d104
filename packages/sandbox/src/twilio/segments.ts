/** The GSM 03.38 basic characters, and those that cost two. */
const basic = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿' +
    'abcdefghijklmnopqrstuvwxyzäöñüà',
)
const extended = new Set('^{}\\[~]|€\f')

/** Number of SMS segments: 160 or 153 septets each, 70 or 67 UTF-16 units when a character is not in GSM-7. */
export function countSegments(body: string): number {
  let septets = 0
  for (const character of body) {
    if (basic.has(character)) septets += 1
    else if (extended.has(character)) septets += 2
    else return body.length <= 70 ? 1 : Math.ceil(body.length / 67)
  }
  return septets <= 160 ? 1 : Math.ceil(septets / 153)
}
