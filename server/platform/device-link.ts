/** The way out to devices: whoever holds the MQTT connection attaches itself here; the rest of the house only publishes. */

export type Publish = (topic: string, payload: string, options: { retain: boolean }) => Promise<void>

export class DeviceLink {
  #publish: Publish | null = null

  /** Gives the link its transport, or takes it away with null. */
  attach(publish: Publish | null): void {
    this.#publish = publish
  }

  /** Sends with QoS 1. False when no transport is attached: nobody was told. */
  async publish(topic: string, payload: object, { retain = false } = {}): Promise<boolean> {
    if (!this.#publish) return false
    await this.#publish(topic, JSON.stringify(payload), { retain })
    return true
  }
}
