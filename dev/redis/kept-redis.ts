/** One way of running a Redis, inside the keeper. */
export interface KeptRedis {
  /** Known from the first start on. */
  url(): string
  how(): string
  start(): Promise<void>
  kill(): Promise<void>
  freeze(): Promise<void>
  thaw(): Promise<void>
  /** Ends it and removes everything of it. */
  stop(): Promise<void>
}
