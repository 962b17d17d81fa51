/** A bare line to an MQTT broker: sends any bytes at all, and tells what came back and when it was cut. */
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import mqtt, { type Packet } from 'mqtt-packet'

export type Heard = { cmd: string; returnCode?: number; messageId?: number; granted?: number[]; topic?: string }

/** The bytes of a well-formed packet. */
export const bytesOf = (packet: object): Buffer => mqtt.generate(packet as Packet)

/** The bytes of a CONNECT as devices send it. */
export const connectBytes = (packet: object = {}): Buffer =>
  bytesOf({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, keepalive: 60, clientId: 'x', ...packet })

/** Opens a line to `url` (mqtt://host:port). */
export async function openLine(url: string) {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  const heard: Heard[] = []
  const parser = mqtt.parser()
  parser.on('packet', (packet) => heard.push(packet as Heard))
  parser.on('error', () => {})
  socket.on('data', (bytes) => parser.parse(bytes))
  socket.on('error', () => {})
  const closed = new Promise<void>((resolve) => void socket.once('close', () => resolve()))
  await Promise.race([new Promise<void>((resolve) => void socket.once('connect', resolve)), closed])
  return lineOf(socket, { heard, closed })
}

function lineOf(socket: Socket, { heard, closed }: { heard: Heard[]; closed: Promise<void> }) {
  return {
    ...{ socket, heard, closed },
    send(...parts: Uint8Array[]): void {
      if (!socket.destroyed) for (const part of parts) socket.write(part)
    },
    isOpen: (): boolean => !socket.closed,
    /** Waits for the first packet of that kind; null when the line is cut, or nothing comes in time. */
    async hears(cmd: string, withinMs = 3000): Promise<Heard | null> {
      const endMs = performance.now() + withinMs
      for (;;) {
        const packet = heard.find((one) => one.cmd === cmd)
        if (packet || socket.closed || performance.now() > endMs) return packet ?? null
        await sleep(2)
      }
    },
    /** Was it cut within that time? */
    isCut: (withinMs = 3000): Promise<boolean> => Promise.race([closed.then(() => true), sleep(withinMs, false, { ref: false })]),
    hangUp: () => socket.destroy(),
    [Symbol.dispose]: () => void socket.destroy()
  }
}
export type Line = Awaited<ReturnType<typeof openLine>>
