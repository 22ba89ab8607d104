import { execFile } from 'node:child_process'

/** Runs a program to its end. Returns the last words of one that failed, undefined of one that did not. */
export function run(program: string, words: string[], env: NodeJS.ProcessEnv): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(program, words, { env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (!error) return resolve(undefined)
      const output = `${stdout}\n${stderr}`.trim().split('\n').slice(-3).join(' | ')
      resolve(output || error.message)
    })
  })
}
