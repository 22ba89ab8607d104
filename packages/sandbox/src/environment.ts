import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { SandboxOptions } from './sandbox.ts'

const port = z.coerce.number().pipe(z.int().min(0).max(65_535))
const secret = z.string().min(1).optional()
const url = z.url({ protocol: /^https?$/ }).optional()

const schema = z.object({
  SANDBOX_HOST: z.string().default('127.0.0.1'),
  SANDBOX_PORT: port.default(4010),
  SANDBOX_API_URL: url,
  SANDBOX_HISTORY_LIMIT: z.coerce.number().pipe(z.int().min(1)).optional(),
  PUBLIC_URL: url,
  UPONAI_API_KEY: secret,
  UPONAI_WORKSPACE_ID: z.coerce.number().pipe(z.int()).optional(),
  UPONAI_WEBHOOK_KEY: secret,
  UPONAI_WEBHOOK_HEADER: pattern(/^[A-Za-z0-9-]+$/),
  TWILIO_ACCOUNT_SID: pattern(/^AC[0-9a-fA-F]{32}$/),
  TWILIO_AUTH_TOKEN: secret,
  TWILIO_API_KEY_SID: pattern(/^SK/),
  TWILIO_API_KEY_SECRET: secret,
})

function pattern(form: RegExp) {
  return z.string().regex(form).optional()
}

const expected: Record<string, string> = {
  SANDBOX_PORT: 'a port from 0 (any free one) to 65535',
  SANDBOX_API_URL: 'an http or https URL',
  SANDBOX_HISTORY_LIMIT: 'a number of history entries from 1',
  PUBLIC_URL: 'an http or https URL',
  UPONAI_WORKSPACE_ID: 'an integer',
  UPONAI_WEBHOOK_HEADER: 'the name of a header',
  TWILIO_ACCOUNT_SID: 'AC and 32 hex digits',
  TWILIO_API_KEY_SID: 'a key id that starts with SK',
}

const secrets = ['UPONAI_API_KEY', 'UPONAI_WEBHOOK_KEY', 'TWILIO_AUTH_TOKEN', 'TWILIO_API_KEY_SECRET']

/** Reads the sandbox's options from environment variables; `problems` has one line per variable that is not right. */
export function readEnvironment(
  env: Record<string, string | undefined>,
): { options: SandboxOptions } | { problems: string[] } {
  const given: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) if (value) given[name] = value
  const problems: string[] = []
  for (const name of secrets) {
    const file = given[`${name}_FILE`]
    if (file === undefined || given[name] !== undefined) continue
    try {
      given[name] = readFileSync(file, 'utf8').trim()
    } catch {
      problems.push(line(`${name}_FILE`, 'the path of a readable file'))
    }
  }
  const parsed = schema.safeParse(given)
  if (!parsed.success) {
    const names = new Set(parsed.error.issues.map(({ path }) => String(path[0])))
    problems.push(...[...names].map((name) => line(name, expected[name] ?? 'a value')))
  }
  if ((given.TWILIO_API_KEY_SID === undefined) !== (given.TWILIO_API_KEY_SECRET === undefined)) {
    problems.push(line('TWILIO_API_KEY_SID, TWILIO_API_KEY_SECRET', 'both or neither'))
  }
  if (!parsed.success || problems.length > 0) return { problems }
  const { data } = parsed
  const { TWILIO_API_KEY_SID: sid, TWILIO_API_KEY_SECRET: apiSecret } = data
  return {
    options: {
      host: data.SANDBOX_HOST,
      port: data.SANDBOX_PORT,
      apiUrl: data.SANDBOX_API_URL,
      historyLimit: data.SANDBOX_HISTORY_LIMIT,
      publicUrl: data.PUBLIC_URL,
      uponaiApiKey: data.UPONAI_API_KEY,
      uponaiWorkspaceId: data.UPONAI_WORKSPACE_ID,
      uponaiWebhookKey: data.UPONAI_WEBHOOK_KEY,
      uponaiWebhookHeader: data.UPONAI_WEBHOOK_HEADER,
      twilioAccountSid: data.TWILIO_ACCOUNT_SID,
      twilioAuthToken: data.TWILIO_AUTH_TOKEN,
      twilioApiKey: sid === undefined || apiSecret === undefined ? undefined : { sid, secret: apiSecret },
    },
  }
}

function line(name: string, wanted: string): string {
  return `${name}: expected ${wanted} (see packages/sandbox/README.md, "Environment")`
}
