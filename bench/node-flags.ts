/** What workers are started with, by `start:worker` and by docker-compose.yml. */
export const WORKER_FLAGS = ['--max-semi-space-size=64']

/** What has Node.js write a profile of its CPU time when it ends in order. */
export function profiling(folder: string | undefined): string[] {
  return folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`]
}
