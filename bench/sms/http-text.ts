/**
 * HTTP read by hand, for those who only give work to what is measured: a library would take CPU time from it. One character
 * stands for one byte (latin1), so lengths are those of the headers.
 */

/** Where the first message of a connection ends; undefined while it is not there in whole. */
export function endOfMessage(text: string): number | undefined {
  const head = text.indexOf('\r\n\r\n')
  if (head === -1) return undefined
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, head + 2))?.[1] ?? '0'
  const end = head + 4 + Number(length)
  return text.length >= end ? end : undefined
}

/** An answer of ours, in ASCII. */
export function jsonAnswer(status: string, body: string): string {
  return `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
}
