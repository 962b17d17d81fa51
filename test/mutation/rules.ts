/** The rules that decide about money and doors, each with the tests that must notice when it is wrong, the quickest first. */

const room = (path: string, tests: string[]) => ({
  file: `server/domain/${path}.ts`,
  tests: tests.map((name) => `server/domain/${path.split('/')[0]}/${name}.test.ts`)
})

export const RULES: Record<string, { file: string; tests: string[] }> = {
  detector: room('iot/detector', ['detector', 'detector-level', 'detector-sources', 'device-change', 'detector-sums']),
  'device-change': room('iot/device-change', ['device-change', 'detector-sums']),
  balance: room('iot/balance', ['balance']),
  noise: room('iot/noise', ['noise']),
  plateau: room('iot/plateau', ['plateau']),
  sequence: room('iot/sequence', ['sequence']),
  'device-clock': room('iot/device-clock', ['device-clock']),
  'iot-rules': room('iot/rules', ['rules']),
  'ticket-rules': room('ticket/rules', ['rules']),
  lines: room('ticket/lines', ['lines']),
  token: room('user/token', ['token']),
  'key-ring': room('user/key-ring', ['key-ring']),
  'user-rules': room('user/rules', ['rules'])
}
