/** A request that Twilio turns down, with the code of its error dictionary. */
export class TwilioRefusal extends Error {
  readonly status: number
  readonly code: number

  constructor(code: number, message: string, status = 400) {
    super(message)
    this.code = code
    this.status = status
  }
}

/** The body of every Twilio error. */
export function twilioErrorBody(status: number, code: number, message: string) {
  return { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status }
}

/** The code that Twilio's API itself uses for a status. */
export function usualCode(status: number): number {
  switch (status) {
    case 401:
      return 20003
    case 404:
      return 20404
    case 429:
      return 20429
    case 503:
      return 20503
    default:
      return status >= 500 ? 20500 : 20001
  }
}
