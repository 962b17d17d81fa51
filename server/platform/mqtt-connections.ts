/** Who is connected over MQTT, and the bounds on it: strangers wait in a short queue, a device has few connections, an ended key none. */
import type { Socket } from 'node:net'
import type { Client } from 'aedes'

/** `isCurrent`: is the credential that it came with still good? Asked often, so it must be cheap. */
export type Identity = { kind: string; id: string }
export type Signed = Identity & { isCurrent: () => boolean }
export type Held = { identity: Signed; clientId: string; client: Client }

/** Connections that have not said who they are: of more than these the oldest goes, so that strangers never shut devices out. */
const MOST_STRANGERS = 128
/** A device that lost its line comes back before the broker notices: the oldest of more than these goes. */
const MOST_OF_A_DEVICE = 8

export class Connections {
  readonly #strangers = new Map<string, Socket>()
  readonly #held = new Map<Client, Held>()
  /** Of closed lines too, as long as somebody asks: a last will is published when the line is gone. */
  readonly #identities = new WeakMap<Client, Signed>()
  /** By device, oldest first. */
  readonly #ofDevice = new Map<string, Set<Held>>()
  readonly #ofClientId = new Map<string, Held>()

  /** A line was opened by nobody knows whom. */
  admit(socket: Socket): void {
    const peer = peerOf(socket)
    this.#strangers.set(peer, socket)
    socket.once('close', () => {
      if (this.#strangers.get(peer) === socket) this.#strangers.delete(peer)
    })
    if (this.#strangers.size > MOST_STRANGERS) this.#strangers.values().next().value!.destroy()
  }

  /** May this device call itself so? Its own id always; another name unless a different device does now. */
  mayUse(clientId: string, identity: Identity): boolean {
    const holder = this.#ofClientId.get(clientId)?.identity
    return clientId === identity.id || !holder || nameOf(holder) === nameOf(identity)
  }

  /** A stranger turned out to be a device. Forgotten when its line closes. */
  hold(held: Held): void {
    const { client, clientId, identity } = held
    const own = this.#ofDevice.get(nameOf(identity)) ?? new Set()
    this.#strangers.delete(peerOf(client.conn as Socket))
    this.#held.set(client, held)
    this.#identities.set(client, identity)
    this.#ofClientId.set(clientId, held)
    this.#ofDevice.set(nameOf(identity), own.add(held))
    ;(client.conn as Socket).once('close', () => {
      this.#held.delete(client)
      if (this.#ofClientId.get(clientId) === held) this.#ofClientId.delete(clientId)
      if (own.delete(held) && own.size === 0) this.#ofDevice.delete(nameOf(identity))
    })
    if (own.size > MOST_OF_A_DEVICE) cut(own.values().next().value!.client)
  }

  /** Who is on this line? Null for a stranger, and for a device whose key has ended: its line is cut. */
  identityOf(client: Client): Signed | null {
    const identity = this.#identities.get(client)
    if (!identity || identity.isCurrent()) return identity ?? null
    cut(client)
    return null
  }

  /** Whose line was this? Also of one that was cut because its key ended. */
  ownerOf(client: Client): Identity | null {
    return this.#identities.get(client) ?? null
  }

  /** Cuts every line whose key has ended. */
  cutEnded(): void {
    for (const client of [...this.#held.keys()]) this.identityOf(client)
  }

  cutStrangers(): void {
    for (const socket of this.#strangers.values()) socket.destroy()
  }
}

const nameOf = ({ kind, id }: Identity) => `${kind}/${id}`
const peerOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`
const cut = (client: Client) => (client.conn as Socket).destroy()
