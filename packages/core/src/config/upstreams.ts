import { BlockList, isIP } from 'node:net'
import type { TwilioAccess, UponaiConfig, UpstreamKind, Upstreams } from './config.ts'

/** Credentials of this repository's sandbox (packages/sandbox/README.md). No account has them. */
const sandboxUponaiKey = 'sandbox-key'
const sandboxTwilioAccount = `AC${'5a'.repeat(16)}`

type UponaiAccess = Pick<UponaiConfig, 'baseUrl' | 'apiKey' | 'workspaceId'>
type TwilioAccount = Pick<TwilioAccess, 'baseUrl' | 'accountSid'>

const thisMachine = new BlockList()
thisMachine.addSubnet('127.0.0.0', 8)
for (const address of ['0.0.0.0', '::', '::1']) thisMachine.addAddress(address, familyOf(address))

/**
 * Tells a sandbox by an address of this machine or by the sandbox's published credentials. A proxy on this machine in front
 * of the real services looks the same: for it there is UPSTREAMS=live.
 * @returns undefined when neither UponAI nor Twilio is configured, which only the command line can do without
 */
export function findUpstreams(
  stated: UpstreamKind | undefined,
  uponai: UponaiAccess,
  twilio: TwilioAccount | undefined,
): Upstreams
export function findUpstreams(
  stated: UpstreamKind | undefined,
  uponai: UponaiAccess | undefined,
  twilio: TwilioAccount | undefined,
): Upstreams | undefined
export function findUpstreams(
  stated: UpstreamKind | undefined,
  uponai: UponaiAccess | undefined,
  twilio: TwilioAccount | undefined,
): Upstreams | undefined {
  const accounts = accountsOf(uponai, twilio)
  if (stated) return { kind: stated, variable: 'UPSTREAMS', accounts }
  const signs: [variable: string, isSandbox: boolean][] = [
    ['UPONAI_BASE_URL', isThisMachine(uponai?.baseUrl)],
    ['TWILIO_BASE_URL', isThisMachine(twilio?.baseUrl)],
    ['UPONAI_API_KEY', uponai?.apiKey === sandboxUponaiKey],
    ['TWILIO_ACCOUNT_SID', twilio?.accountSid === sandboxTwilioAccount],
  ]
  const sign = signs.find(([, isSandbox]) => isSandbox)
  if (sign) return { kind: 'sandbox', variable: sign[0], accounts }
  if (!uponai && !twilio) return undefined
  return { kind: 'live', variable: uponai ? 'UPONAI_BASE_URL' : 'TWILIO_BASE_URL', accounts }
}

/** Keys change; whose they are does not. */
function accountsOf(uponai: UponaiAccess | undefined, twilio: TwilioAccount | undefined): Record<string, string> {
  return {
    ...(uponai?.workspaceId !== undefined && { UPONAI_WORKSPACE_ID: String(uponai.workspaceId) }),
    ...(twilio && { TWILIO_ACCOUNT_SID: twilio.accountSid }),
  }
}

function isThisMachine(url: string | undefined): boolean {
  if (url === undefined) return false
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '')
  return isIP(host) > 0 ? thisMachine.check(host, familyOf(host)) : /(^|\.)localhost\.?$/.test(host)
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4'
}
