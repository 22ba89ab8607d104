/** A number in the answer to INFO. */
export function field(info: string, name: string): number {
  const value = new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1]
  if (value === undefined) throw new Error(`INFO: expected ${name} in the answer`)
  return Number(value)
}
