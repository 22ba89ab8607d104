// Who may import whom. `type` imports count like all others: a boundary is about knowing, not only about running.

/** A part may not reach these folders. */
const never = (name, from, to, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { path: to },
})

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'lanes-stands-alone',
      comment: 'lanes is useful without Chatlane: BullMQ, ioredis, Node.js and itself, nothing else',
      severity: 'error',
      from: { path: '^packages/lanes/src' },
      to: { pathNot: '^packages/lanes/src', dependencyTypesNot: ['core', 'npm'] },
    },
    {
      name: 'lanes-libraries',
      comment: 'lanes is useful without Chatlane: BullMQ, ioredis, Node.js and itself, nothing else',
      severity: 'error',
      from: { path: '^packages/lanes/src' },
      to: { dependencyTypes: ['npm'], pathNot: 'node_modules/(bullmq|ioredis)/' },
    },
    never(
      'core-knows-no-http-server',
      '^packages/core/src',
      ['node_modules/(@types/)?express/', '^apps/', '^packages/sandbox/'],
      'core is the domain: whoever serves it is another matter',
    ),
    never(
      'sandbox-is-the-other-side',
      '^packages/sandbox/src',
      ['^packages/(core|lanes)/', '^apps/'],
      'the sandbox checks Chatlane: what it shares with it, it cannot check',
    ),
    never('api-alone', '^apps/api/src', ['^apps/(?!api/)', '^packages/sandbox/'], 'apps meet in Redis only'),
    never('worker-alone', '^apps/worker/src', ['^apps/(?!worker/)', '^packages/sandbox/'], 'apps meet in Redis only'),
    never(
      'cli-alone',
      '^apps/cli/src',
      ['^apps/(?!cli/)', '^packages/sandbox/'],
      'the command line meets the others in Redis only',
    ),
    never(
      'source-without-tests-and-tools',
      '^(apps|packages)/[^/]+/src',
      ['^(apps|packages)/[^/]+/test/', '^dev/', '^bench/'],
      'what runs in production does not need what was made to try it',
    ),
    {
      name: 'no-circles',
      comment: 'two files that need each other are one file, or three',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'everything-resolves',
      comment: 'an import that leads nowhere escapes every other rule',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    parser: 'tsc',
    tsPreCompilationDeps: true,
    // workspace packages by name lead to their source, so that a rule sees the real target
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['chatlane-source', 'import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.d.ts', '.json'],
    },
    combinedDependencies: true,
  },
}
