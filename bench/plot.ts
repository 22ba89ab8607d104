/** A figure of a report. Every point belongs to a series; its low and high are the least and most of the rounds. */
export interface Plot {
  /** Its file's name, without an ending: `lanes-1000-keys`. */
  file: string
  title: string
  kind: 'bars' | 'lines'
  x: Axis
  y: Axis
  points: Point[]
}

export interface Axis {
  title: string
  /** A logarithmic one starts at the least value. */
  scale?: 'log'
}

export interface Point {
  series: string
  x: number | string
  y: number
  low?: number
  high?: number
}
