/** A scanner at a door: shows the store a QR code and hears whether the door opens. */
import type { DoorAnswer } from '#contracts/api/entry.ts'
import type { ScannerTag } from '#contracts/api/scanners.ts'
import { type Scan, scanResultTopic, scanTopic } from '#contracts/device/scan.ts'
import type { CodeSigner } from '#simulator/codes.ts'
import type { DeviceLine } from '#simulator/line.ts'
import type { CodeClaims } from '#simulator/stage.ts'

const ANSWER_MS = 5000

/** What the scanner reads when somebody holds up a code that says this. */
export async function scanOf(sign: CodeSigner, claims: CodeClaims, at: Date): Promise<Scan> {
  return { token: await sign(claims), at: at.toISOString() }
}

export type DoorHeard = { visitId: string } | { refused: string }
/** Shows the code and waits for the door. No answer within 5 s counts as refused: `no-answer`. */
export async function showScan(line: DeviceLine, tag: ScannerTag, body: Scan): Promise<DoorHeard> {
  const answer = line.transport === 'http' ? await scanOverHttp(line, tag, body) : await scanOverMqtt(line, body)
  if (answer?.status === 'success') return { visitId: answer.visitId }
  return { refused: answer?.status === 'refused' ? answer.reason : 'no-answer' }
}

const scanOverHttp = (line: DeviceLine, tag: ScannerTag, { token }: Scan) =>
  line.ask<DoorAnswer>(tag === 'ENTRY' ? '/entry-control/' : '/exit-control/', { token }, ANSWER_MS)

/** One code at a time: the result topic does not say which code it answers. */
function scanOverMqtt(line: DeviceLine, body: Scan): Promise<DoorAnswer | null> {
  const show = () => line.publish(scanTopic(line.storeId, line.deviceId), body)
  return line.answerOn<DoorAnswer>(scanResultTopic(line.storeId, line.deviceId), show, ANSWER_MS)
}
