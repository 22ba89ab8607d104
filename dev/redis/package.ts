import { readFile } from 'node:fs/promises'
import { run } from './run.ts'

/** Whether this is a Debian or a relative of it, and this user may install packages without being asked for a password. */
export async function canInstallPackage(env: NodeJS.ProcessEnv): Promise<boolean> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '')
  if (!/^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(release)) return false
  if (process.getuid?.() === 0) return true
  return (await run('sudo', ['-n', 'true'], env)) === undefined
}

// The package starts its service when it is installed, and at every boot. policy-rc.d is Debian's way to say no to the
// first; one that is already there is the machine's own and stays as it is.
const script = `
set -e
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 1' INT TERM HUP
  printf '#!/bin/sh\\nexit 101\\n' >"$policy"
  chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -qq -o DPkg::Lock::Timeout=120 update
apt-get -qq -y -o DPkg::Lock::Timeout=120 install --no-install-recommends redis-server
if [ -d /run/systemd/system ]; then systemctl disable --now redis-server; fi
`

/** Installs the package without leaving its service running. Returns the reason if that failed. */
export async function installPackage(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const command = process.getuid?.() === 0 ? ['sh'] : ['sudo', '-n', 'sh']
  return run(command[0] ?? 'sh', [...command.slice(1), '-c', script], env)
}
