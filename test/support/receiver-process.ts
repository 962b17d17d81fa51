/** The receiver of webhooks as a process of its own, to be killed: `receiver-process.ts PORT FILE` writes each webhook-id to FILE, then accepts. */
import { appendFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { bodyOf, type Told } from './webhook-receiver.ts'

const [port, file] = process.argv.slice(2) as [string, string]
const server = createServer(async (request, response) => {
  const { number } = JSON.parse(await bodyOf(request)) as Told
  appendFileSync(file, `${request.headers['webhook-id']} ${number}\n`, { flush: true })
  response.writeHead(204).end()
})
server.listen(Number(port), '127.0.0.1', () => process.stdout.write('listening\n'))
