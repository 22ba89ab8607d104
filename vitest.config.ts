import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['chatlane-source'] },
  ssr: { resolve: { conditions: ['chatlane-source'] } },
  test: {
    globalSetup: ['dev/test-setup.ts'],
    include: [
      'packages/*/test/**/*.test.ts',
      'apps/*/test/**/*.test.ts',
      'dev/test/**/*.test.ts',
      'bench/test/**/*.test.ts',
      'chaos/test/**/*.test.ts',
    ],
    pool: 'forks',
    // Tests wait for leases and time-outs more than they compute.
    maxWorkers: 4,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
