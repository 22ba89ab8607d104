export interface FoundRedis {
  url: string
  /** Which Redis this is, for people; holds no password. */
  how: string
  /** Started by the finder: with it goes all that is in it. */
  own: boolean
  /** Stops what was started and removes its files; does nothing to a Redis that was there before. */
  stop(): Promise<void>
}
