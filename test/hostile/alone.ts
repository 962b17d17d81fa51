/** A store on a box with no network but loopback: a shopper comes, takes, goes. Run under `unshare -n`; prints what came of it. */
import { importJWK, SignJWT } from 'jose'
import { startRealServer } from '#bench/real-server.ts'

await using server = await startRealServer()
const { call } = server
const post = async (path: string, key: string, body: unknown) => {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const answer = await fetch(`${server.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
}
const { kid, alg, privateJwk } = await call('POST', '/api/v1/qr-keys', {})
const signingKey = await importJWK(privateJwk, alg)
const { deviceKey } = await call('POST', '/api/v1/machines', { machineId: 'm1', displayName: 'm1', kind: 'shelf' })
const [entry, exit] = [
  await call('POST', '/api/v1/scanners', { name: 'in', tag: 'ENTRY' }),
  await call('POST', '/api/v1/scanners', { name: 'out', tag: 'EXIT' })
]
await call('PUT', '/api/v1/store/mode', { mode: 'CUSTOMER_MODE' })
const code = () => {
  const iat = Math.floor(Date.now() / 1000)
  const claims = {
    id: '018f0000-0000-4000-8000-000000000001',
    role: 'customer',
    phoneNumber: '+911234567890',
    jti: crypto.randomUUID(),
    iat,
    exp: iat + 60
  }
  return new SignJWT(claims).setProtectedHeader({ alg, kid }).sign(signingKey)
}
const beat = (kilograms: string) =>
  post('/api/machines/heartbeat', deviceKey, { machineId: 'm1', scales: [['001', kilograms, kilograms, kilograms]] })

await beat('1.000')
await post('/entry-control/', entry.deviceKey, { token: await code() })
await beat('0.700')
await post('/exit-control/', exit.deviceKey, { token: await code() })
const changes = (await call('GET', '/api/v1/weight-changes')).items
const tickets = (await call('GET', '/api/v1/tickets')).items
if (changes.length !== 1) throw new Error(`${changes.length} weight changes`)
process.stdout.write(`alone: entry, change, exit, ${tickets.length} ticket\n`)
