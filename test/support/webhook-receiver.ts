/** A program that is told of events, in tests: it keeps what it heard, verifies signatures by itself, and answers as it is asked to. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Told = { id: string; number: number | null; name: string; at: string; data: Record<string, unknown> }
export type Heard = { path: string; headers: IncomingHttpHeaders; text: string; told: Told; answered: Reaction }
export type Reaction = number | 'hang' | 'reset' | { status: number; headers?: Record<string, string>; text?: string }

export async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  return text
}

/** Listens on loopback; closed at disposal. */
export async function openReceiver() {
  const heard: Heard[] = []
  let react: (told: Told) => Reaction = () => 204
  const server = createServer(async (request, response) => {
    const text = await bodyOf(request)
    const told = JSON.parse(text) as Told
    const answered = react(told)
    heard.push({ path: request.url!, headers: request.headers, text, told, answered })
    if (answered === 'hang') return
    if (answered === 'reset') return void request.socket.resetAndDestroy()
    const { status, headers = {}, text: said = '' } = typeof answered === 'number' ? { status: answered } : answered
    response.writeHead(status, headers).end(said)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/hook`,
    port,
    heard,
    /** What was accepted, by number of the event. */
    accepted: () => heard.filter(({ answered }) => answered === 204).map(({ told }) => told.number),
    /** From now on. */
    reacts(next: (told: Told) => Reaction) {
      react = next
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    }
  }
}
export type Receiver = Awaited<ReturnType<typeof openReceiver>>

/** As the Standard Webhooks specification verifies it, with nothing of the server's own code. */
export function isSigned({ headers, text }: Pick<Heard, 'headers' | 'text'>, secret: string): boolean {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${text}`
  const wanted = createHmac('sha256', key).update(content).digest()
  return String(headers['webhook-signature'])
    .split(' ')
    .filter((signature) => signature.startsWith('v1,'))
    .map((signature) => Buffer.from(signature.slice(3), 'base64'))
    .some((signature) => signature.length === wanted.length && timingSafeEqual(signature, wanted))
}
