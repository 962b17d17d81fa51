/** How many may be connected over HTTP: a bound in all, and a short queue for those that have not asked for anything yet. */
import type { Server, Socket } from 'node:net'

const MOST_CONNECTIONS = 2048
/** Of more than these the oldest goes: peers that only hold a line never shut others out. */
const MOST_SILENT = 256

/** Adds the bounds to `server`. */
export function boundConnections(server: Server): void {
  const silent = new Set<Socket>()
  server.maxConnections = MOST_CONNECTIONS
  server.on('connection', (socket: Socket) => {
    silent.add(socket)
    socket.once('close', () => silent.delete(socket))
    if (silent.size > MOST_SILENT) silent.values().next().value!.destroy()
  })
  server.on('request', ({ socket }: { socket: Socket }) => silent.delete(socket))
}
