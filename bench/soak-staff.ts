/** The people and screens of a long run: lists read, tickets reviewed, sign-ins that come and go, screens that follow the live stream. */
import { request } from 'node:http'
import { StaffApi } from '#simulator/api.ts'
import { every } from './beats.ts'
import { PASSWORD, type RealServer } from './real-server.ts'

const READ_EVERY_MS = 1000
const REVIEW_EVERY_MS = 5000
const SIGN_IN_EVERY_MS = 30_000
const SCREENS = 5
/** One screen hangs up so often and comes back where it was. */
const SCREEN_EVERY_MS = 20_000
const LISTS = [
  '/tickets?status=TO_BE_REVIEWED&limit=20',
  '/weight-changes?limit=50',
  '/visits?limit=20',
  '/machines?limit=200',
  '/machine-sessions?limit=10',
  '/carts?limit=20',
  '/user-sessions?limit=20',
  '/users?limit=20',
  '/audit?limit=20',
  '/jobs',
  '/store'
]
const CREDENTIALS = { username: 'admin', password: PASSWORD }

/** Starts them; `counts` grow until `stop`. */
export async function startStaff(server: RealServer) {
  const counts = { reads: 0, reviews: 0, 'sign-ins': 0, events: 0 }
  const failed: string[] = []
  const ending = new AbortController()
  const api = new StaffApi(server.url)
  await api.signIn(CREDENTIALS)
  const read = async () => {
    await api.call('GET', LISTS[counts.reads % LISTS.length]!)
    counts.reads += 1
  }
  const review = async () => {
    if (await reviewOne(api)) counts.reviews += 1
  }
  const comeAndGo = async () => {
    const other = new StaffApi(server.url)
    await other.signIn(CREDENTIALS)
    await other.send('POST', '/auth/logout')
    counts['sign-ins'] += 1
  }
  const onEvent = () => {
    counts.events += 1
  }
  const screens = await Promise.all(Array.from({ length: SCREENS }, () => openScreen(server, onEvent)))
  let turn = 0
  const hangUp = async () => screens[turn++ % SCREENS]!.again()
  const beat = (ms: number, work: () => Promise<void>) =>
    every(ms, ending.signal, () => work().catch((error) => void failed.push(String(error))))
  const running = [
    beat(READ_EVERY_MS, read),
    beat(REVIEW_EVERY_MS, review),
    beat(SIGN_IN_EVERY_MS, comeAndGo),
    beat(SCREEN_EVERY_MS, hangUp)
  ]
  const stop = async (): Promise<void> => {
    ending.abort()
    await Promise.all(running)
    for (const screen of screens) screen.close()
  }
  return { counts, failed, stop }
}

/** Takes the newest ticket that waits, and completes it with nothing to bill. False when none waits. */
async function reviewOne(api: StaffApi): Promise<boolean> {
  const { items } = await api.call<{ items: { id: string }[] }>('GET', '/tickets?status=TO_BE_REVIEWED&limit=1')
  const ticket = items[0]
  if (!ticket) return false
  const claim = await api.send('POST', `/tickets/${ticket.id}/claim`)
  if (claim.status === 409) return false // it has completed itself meanwhile
  await api.call('POST', `/tickets/${ticket.id}/complete`, { lines: [] })
  return true
}

/** A screen that follows the live stream from where it was; `again` breaks its connection off and opens another. */
async function openScreen(server: RealServer, onEvent: () => void) {
  const { token } = await server.call('POST', '/api/v1/api-tokens', { name: 'a screen of the soak' })
  let lastId = ''
  const open = () =>
    new Promise<() => void>((resolve, reject) => {
      const headers = { authorization: `Bearer ${token}`, ...(lastId && { 'last-event-id': lastId }) }
      const req = request(`${server.url}/api/v1/live`, { headers, agent: false }, (res) => {
        if (res.statusCode !== 200) return reject(new Error(`live: ${res.statusCode}`))
        let rest = ''
        res.setEncoding('utf8').on('data', (text: string) => {
          const messages = (rest + text).split('\n\n')
          rest = messages.pop()!
          for (const message of messages) {
            lastId = /^id: (.+)$/m.exec(message)?.[1] ?? lastId
            if (/^event: /m.test(message)) onEvent()
          }
        })
        res.on('error', () => {})
        resolve(() => req.destroy())
      })
      req.on('error', reject).end()
    })
  let close = await open()
  return {
    close: () => close(),
    again: async () => {
      close()
      close = await open()
    }
  }
}
