import { sandboxClient } from '@chatlane/sandbox'
import { repeatedly } from '../attacker/client.ts'
import type { Row } from '../row.ts'
import { SENDS_LINKS } from '../run/routes.ts'

export const dotsBehindALink: Row = {
  name: 'texts that are searched for links',
  attack: 'an agent that is led to answer by SMS with a link and 16,000 dots, on a route that sends links as files',
  harmless: 'an agent that answers with 16,000 letters',
  async prepare({ sandboxUrl, random }) {
    const sandbox = sandboxClient(sandboxUrl)
    await sandbox.setScript({
      rules: [
        { text: 'dots', answer: [`https://a.example/${'.'.repeat(16_000)}x`] },
        { text: 'letters', answer: ['y'.repeat(16_000)] },
      ],
    })
    const send = (body: string) => (signal: AbortSignal) =>
      repeatedly(signal, { atOnce: 1, pauseMs: 1_500 }, () =>
        sandbox.sendSms({ from: `+1415555${random.whole(1_000, 1_999)}`, to: SENDS_LINKS, body }).catch(() => {}),
      )
    return { attack: send('dots'), harmless: send('letters') }
  },
}
