import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import { Failure } from '../../failure.ts'
import type { LoadResult } from '../result.ts'

export interface ReportFile {
  file: string
  write(result: LoadResult): Promise<void>
}

const manifest = z.object({ version: z.string() })

/**
 * Makes sure that the report can be written before an hour is spent on it.
 * @throws Failure when it cannot
 */
export function prepareReport(file: string): ReportFile {
  try {
    closeSync(openSync(file, 'a'))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new Failure(`--report: expected a file that can be written: ${why}`)
  }
  return {
    file,
    async write(result) {
      // The plots are a lot of code, which only this moment needs.
      const [{ reportPage }, { version: vega }] = await Promise.all([import('./page.ts'), import('vega')])
      const own = new URL('../../../package.json', import.meta.url)
      const { version: chatlane } = manifest.parse(JSON.parse(readFileSync(own, 'utf8')))
      writeFileSync(file, await reportPage(result, { chatlane, node: process.versions.node, vega }))
    },
  }
}
