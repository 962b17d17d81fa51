/** Shoppers under load: they come in and go out, and show a fresh code whenever the door did not answer. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { MqttClient } from 'mqtt'
import { newId } from '#server/platform/ids.ts'
import type { CodeSigner } from '#simulator/codes.ts'
import { ask, type Load, lineOf } from './machines.ts'
import { between } from './sizes.ts'

export type Doors = { entry: Scanner; exit: Scanner; sign: CodeSigner }
export type Scanner = { id: string; deviceKey: string }
type Heard = { status: string; visitId?: string; userId?: string; reason?: string; open?: boolean }
type Show = (token: string, userId: string) => Promise<Heard>

const ANSWER_WITHIN_MS = 6000

/** A code of this user, valid for a minute. */
export function codeFor(sign: CodeSigner, userId: string, nowMs = Date.now()): Promise<string> {
  const iat = Math.floor(nowMs / 1000)
  return sign({ id: userId, role: 'customer', phoneNumber: '+911234567890', jti: newId(), iat, exp: iat + 60 })
}

const overHttp =
  ({ url, ledger }: Load, path: string, { deviceKey }: Scanner): Show =>
  async (token) => {
    const { status, text } = await ask(`${url}${path}`, deviceKey, { token })
    const kind = path.startsWith('/exit') ? 'exit' : 'entry'
    ledger.answer(kind, status, text, [0, 200, 403, 503, 507])
    const heard = status === 0 || !text.startsWith('{') ? { status: 'nothing' } : (JSON.parse(text) as Heard)
    if (kind === 'exit' && status === 503 && heard.open !== true) ledger.wrong.push(`exit 503 without "open": ${text}`)
    return heard
  }

/**
 * The result topic names no code: an answer counts when it is this user's, or a refusal. A scan that the line broke under is not sent again:
 * the shopper shows a fresh code, and the old one, delivered when he has left, would let nobody in.
 */
function overMqtt(load: Load, client: MqttClient, scanner: Scanner): Show {
  const branch = `store/${load.storeId}/scanner/${scanner.id}`
  client.on('connect', () => client.subscribe(`${branch}/result`, { qos: 1 }, () => {}))
  return async (token, userId) => {
    const { promise, resolve } = Promise.withResolvers<Heard>()
    const onMessage = (_topic: string, payload: Buffer) => {
      const heard = JSON.parse(payload.toString()) as Heard
      if (heard.userId === undefined || heard.userId === userId) resolve(heard)
    }
    const timer = setTimeout(() => resolve({ status: 'nothing' }), ANSWER_WITHIN_MS)
    const onClose = () => {
      if (client.getLastMessageId()) client.removeOutgoingMessage(client.getLastMessageId()) // nobody stands there any more with that code
      resolve({ status: 'nothing' })
    }
    client.on('message', onMessage)
    client.once('close', onClose)
    if (client.connected) client.publish(`${branch}/scan`, JSON.stringify({ token }), { qos: 1 }, () => {})
    else setTimeout(() => resolve({ status: 'nothing' }), 30)
    return promise.finally(() => {
      clearTimeout(timer)
      client.off('message', onMessage).off('close', onClose)
    })
  }
}

/** One after the other, each a user of his own who comes once. */
export async function shop(load: Load, doors: Doors, isOverMqtt: boolean): Promise<void> {
  const { ledger } = load
  const lines = isOverMqtt ? [doors.entry, doors.exit].map(({ id, deviceKey }) => lineOf(load, id, deviceKey)) : []
  const [enter, leave] = isOverMqtt
    ? [overMqtt(load, lines[0]!, doors.entry), overMqtt(load, lines[1]!, doors.exit)]
    : [overHttp(load, '/entry-control/', doors.entry), overHttp(load, '/exit-control/', doors.exit)]
  const name = isOverMqtt ? 'mqtt door' : 'http door'
  while (!load.isOver()) {
    const userId = newId()
    const came = await present(load, enter, { doors, userId, until: 'already-inside' })
    if (came) ledger.entries.add(came)
    await sleep(between(10, 80))
    const went = await present(load, leave, { doors, userId, until: 'not-inside' })
    if (went) ledger.exits.add(went)
    ledger.note(name)
    await sleep(between(...load.everyMs))
  }
  await Promise.all(lines.map((line) => line.endAsync(true)))
}

type Presenting = { doors: Doors; userId: string; until: string }
/** Shows fresh codes until the door opens (its visit), or says that it had opened before (null). */
async function present(load: Load, show: Show, { doors, userId, until }: Presenting): Promise<string | null> {
  for (;;) {
    load.goOn()
    const heard = await show(await codeFor(doors.sign, userId), userId)
    if (heard.status === 'success') return heard.visitId!
    if (heard.reason === until) return null
    await sleep(40)
  }
}
