const local = new Intl.DateTimeFormat('en-CA', {
  timeZone: 'America/Los_Angeles',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  hourCycle: 'h23',
})

/** Pacific midnight in winter and in summer, in hours of UTC. */
const MIDNIGHT = [7, 8]

/** When the next day begins by US Pacific time, by which T-Mobile counts a day's messages, ms. */
export function nextPacificDay(now: number): number {
  const { year, month, day } = partsOf(now)
  const times = MIDNIGHT.map((hour) => Date.UTC(Number(year), Number(month) - 1, Number(day) + 1, hour))
  return times.find((time) => partsOf(time).hour === '00') ?? now + 24 * 3_600_000
}

function partsOf(time: number): Record<string, string> {
  return Object.fromEntries(local.formatToParts(time).map(({ type, value }) => [type, value]))
}
