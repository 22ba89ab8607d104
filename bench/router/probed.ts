import { z } from 'zod'

/** What a worker process says of itself: bytes, and CPU time since its start in microseconds. */
export const probed = z.object({ rss: z.number(), heapUsed: z.number(), cpuMicros: z.number() })
export type Probed = z.infer<typeof probed>
