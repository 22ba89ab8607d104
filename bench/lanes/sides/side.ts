import type { Settings } from '../settings.ts'

/** One way of working messages off, started. */
export interface Side {
  /** Resolves when the message is stored. */
  add(key: string, text: string): Promise<unknown>
  /** Finishes what is in progress and ends; the client stays open. */
  close(): Promise<void>
}

export interface SideOptions {
  settings: Settings
  handle: (text: string) => Promise<void>
  onError: (error: unknown) => void
}
