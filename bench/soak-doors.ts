/** The doors of a long run: somebody comes every ten seconds and stays for five; now and then a code is shown twice. */
import { setTimeout as sleep } from 'node:timers/promises'
import { newId } from '#server/platform/ids.ts'
import { freshKey } from '#simulator/codes.ts'
import { every } from './beats.ts'
import type { RealServer } from './real-server.ts'

const VISIT_EVERY_MS = 10_000
const VISIT_MS = 5000
const SHOPPERS = 200

/** Opens the store to customers. `scan` shows a code of `userId` at a door and returns the status of the answer. */
export async function mountDoors(server: RealServer) {
  const key = freshKey()
  await server.call('POST', '/api/v1/qr-keys', { jwk: key.publicJwk })
  await server.call('PUT', '/api/v1/store/mode', { mode: 'CUSTOMER_MODE' })
  const mount = (tag: string) => server.call('POST', '/api/v1/scanners', { name: tag, tag })
  const doors = { entry: await mount('ENTRY'), exit: await mount('EXIT') }
  const code = (id: string): Promise<string> => {
    const iat = Math.floor(Date.now() / 1000)
    return key.sign({ id, role: 'customer', phoneNumber: '+911234567890', jti: newId(), iat, exp: iat + 60 })
  }
  const show = async (door: 'entry' | 'exit', token: string): Promise<number> => {
    const headers = { authorization: `Bearer ${doors[door].deviceKey}`, 'content-type': 'application/json' }
    const answer = await fetch(`${server.url}/${door}-control/`, { method: 'POST', headers, body: JSON.stringify({ token }) })
    await answer.arrayBuffer()
    return answer.status
  }
  return { code, show }
}

/** Starts the visits; `counts` grow until `stop`. */
export async function openDoors(server: RealServer) {
  const { code, show } = await mountDoors(server)
  const counts = { visits: 0, refusals: 0 }
  const failed: string[] = []
  const ending = new AbortController()
  const users = Array.from({ length: SHOPPERS }, newId)
  let next = 0
  const pass = async (door: 'entry' | 'exit', token: string) => {
    const status = await show(door, token)
    if (status !== 200) throw new Error(`${door}: ${status}`)
  }
  const visit = async () => {
    const user = users[next++ % SHOPPERS]!
    const entryCode = await code(user)
    await pass('entry', entryCode)
    await sleep(VISIT_MS)
    if ((await show('exit', entryCode)) === 403) counts.refusals += 1 // used up at the entry
    await pass('exit', await code(user))
    counts.visits += 1
  }
  const running = every(VISIT_EVERY_MS, ending.signal, () => visit().catch((error) => void failed.push(String(error))))
  const stop = async (): Promise<void> => {
    ending.abort()
    await running
  }
  return { counts, failed, stop }
}
