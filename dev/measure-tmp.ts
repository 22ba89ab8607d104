import { lossyProxy, spawnProgram, startRedisServer } from '/work/main/dev/index.ts'
const base = { UPONAI_API_KEY: 'k', UPONAI_WORKSPACE_ID: '7', UPONAI_BASE_URL: 'http://127.0.0.1:1', WORKER_PORT: '0', API_HOST: '127.0.0.1', API_PORT: '0', ADMIN_PORT: '0' }
for (const app of ['api', 'worker']) for (const fault of ['none', 'killed', 'frozen', 'swallowed']) for (const after of [0, 15000]) {
  if (after && (fault === 'none' )) continue
  const redis = await startRedisServer(); const proxy = await lossyProxy(redis.url)
  const p = spawnProgram(`/work/main/apps/${app}/src/main.ts`, { ...base, REDIS_URL: proxy.url })
  await p.line(({ msg }) => msg === `${app} ready`)
  await new Promise((r) => setTimeout(r, 1500))
  if (fault === 'killed') await redis.kill(); if (fault === 'frozen') await redis.freeze(); if (fault === 'swallowed') proxy.swallow()
  await new Promise((r) => setTimeout(r, after))
  const t = performance.now(); p.process.kill('SIGTERM')
  const code = await p.exit
  console.log(app, fault, `${after} ms later:`, code, Math.round(performance.now() - t), 'ms', p.log.at(-1)?.msg)
  await proxy.close(); if (fault === 'frozen') await redis.thaw(); await redis.stop()
}
