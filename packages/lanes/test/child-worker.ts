/**
 * A worker process of its own, to be killed and frozen. It notes each item outside before its commit (`log`), and in the
 * step of the commit (`result:<lane>`); on SIGTERM it notes its counters (`counters`).
 */
import { setTimeout as wait } from 'node:timers/promises'
import { connectTestRedis } from '@chatlane/dev'
import { Lanes, LaneWorker } from '@chatlane/lanes'

const [prefix = '', leaseMs = '', attempts = ''] = process.argv.slice(2)
const connection = connectTestRedis()
const lanes = new Lanes({ name: 'test', prefix, shards: 2, connection })
const worker = new LaneWorker(lanes, {
  leaseMs: Number(leaseMs),
  attempts: Number(attempts),
  itemsPerTurn: 5,
  sweep: { everyMs: 3_600_000, afterMs: 10_000 },
  handler: async (item, turn) => {
    const { tag } = lanes.shardKeys(lanes.shardOf(turn.lane))
    await connection.rpush(`{${prefix}}:log`, JSON.stringify({ pid: process.pid, id: item.id, crashed: turn.crashed }))
    if (item.data === 'kill me') process.kill(process.pid, 'SIGKILL')
    await wait(item.data === 'slow' && !turn.crashed ? 400 : Math.random() * 4)
    return { do: 'commit', effects: [['RPUSH', `${tag}:result:${turn.lane}`, `${item.id} ${process.pid}`]] }
  },
})

process.once('SIGTERM', async () => {
  await worker.close()
  await connection.rpush(`{${prefix}}:counters`, JSON.stringify({ pid: process.pid, ...worker.counters }))
  process.exit()
})
