import type { ChatlaneError, CliConfig } from '@chatlane/core'
import { type ExitCode, Failure } from './failure.ts'

type Access = Pick<NonNullable<CliConfig['uponai']>, 'baseUrl' | 'dialect'>

/** What UponAI refused, or that it is away, in one line with the next step. */
export function uponaiFailure(error: ChatlaneError, access: Access): Failure {
  const [line, exitCode] = told(error, access)
  return new Failure(`${line}; see docs/errors.md#${error.code.toLowerCase()}`, exitCode)
}

function told(error: ChatlaneError, { baseUrl, dialect }: Access): [string, ExitCode] {
  const { code, message, status, detail, retryAfterMs } = error
  const words = detail === undefined ? '' : `: ${detail}`
  switch (code) {
    case 'UPONAI_CREDENTIALS': {
      if (status === 402) return [`UponAI asks for payment (402)${words}`, 1]
      const settings = dialect === 'rest' ? 'UPONAI_API_KEY and UPONAI_WORKSPACE_ID' : 'UPONAI_API_KEY'
      return [`UponAI refuses the credentials (${status})${words}. Check ${settings}`, 78]
    }
    case 'UPONAI_REDIRECTED':
      return [`${message}: it is not at ${baseUrl}. Check UPONAI_BASE_URL`, 78]
    case 'UPONAI_THROTTLED': {
      const when = retryAfterMs === undefined ? 'in a while' : `in ${Math.ceil(retryAfterMs / 1_000)} s`
      return [`UponAI asks for a pause (429). Try again ${when}`, 75]
    }
    case 'UPONAI_UNREACHABLE':
      return [`UponAI cannot be reached at ${baseUrl}: ${message}. Check UPONAI_BASE_URL, or try again later`, 75]
    case 'UPONAI_NO_ANSWER':
    case 'UPONAI_SERVER_ERROR':
      return [`${message}. Try again later`, 75]
    case 'UPONAI_UNCLEAR':
      return [`${message}. It may have been done all the same: look before you try again`, 1]
    case 'UPONAI_AGENT_UNKNOWN':
      return [`UponAI has no such agent, or not this version of it (${status})${words}. chatlane agents list`, 1]
    case 'UPONAI_CHAT_GONE':
      return [`UponAI has no such chat (${status})${words}. chatlane chats list`, 1]
    case 'UPONAI_BAD_ANSWER':
      return [`${message}. Check UPONAI_BASE_URL and UPONAI_DIALECT`, 1]
    case 'UPONAI_INVALID_REQUEST':
      return [message, 64]
    default:
      return [`${message}${words}`, 1]
  }
}
