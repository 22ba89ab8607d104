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
      'attack/test/**/*.test.ts',
    ],
    pool: 'forks',
    // Tests wait for leases and time-outs more than they compute; more at once, and processes starve on two cores.
    maxWorkers: 3,
    // Time-outs end tests that hang; how fast something is, is measured in bench/.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 90_000, interval: 50 } },
  },
})
