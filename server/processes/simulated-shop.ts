/** A simulated shop beside a store: a process of its own that uses the store as real devices would. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Actor, Context } from '#server/context.ts'
import { addStaff, addToken, changeStaff } from '#server/domain/staff/actions.ts'
import type { SimulatedShopControl } from '#server/http/simulated-shop.ts'
import { findFfmpeg } from '#server/platform/ffmpeg.ts'
import { newId, newSecret } from '#server/platform/ids.ts'

const SIMULATOR = join(import.meta.dirname, '..', '..', 'simulator', 'main.ts')
const TOKEN_LIVES_MS = 7 * 86_400_000
const SYSTEM: Actor = { kind: 'system', id: 'system', name: 'simulated shop' }

/** Where the store is to be found by its devices. */
export type StoreAddress = { url: string; mqttUrl: string }

/**
 *   stopped ──start──▶ running ──stop──▶ stopped
 *                         └──it ends by itself──▶ stopped, with why
 *
 * Its account is an admin's with a password nobody knows; it is disabled once the process has ended.
 */
export class SimulatedShop implements SimulatedShopControl {
  readonly #ctx: Context
  readonly #address: () => StoreAddress
  #onEnded: (why: string) => void = () => {}
  #run: { child: ChildProcess; ended: Promise<void>; startedAt: Date } | null = null
  #starting: Promise<void> | null = null
  #isStopping = false
  #endedFor: string | null = null

  constructor(ctx: Context, address: () => StoreAddress) {
    this.#ctx = ctx
    this.#address = address
  }

  /** Calls `listener` with why when it has ended without being stopped. */
  whenEnded(listener: (why: string) => void): void {
    this.#onEnded = listener
  }

  state() {
    return { startedAt: this.#run?.startedAt.toISOString() ?? null, endedFor: this.#endedFor }
  }

  /** Starts it, unless it runs. Two who ask at once start one. */
  async start(actor: Actor): Promise<void> {
    if (this.#run) return
    this.#starting ??= this.#spawn(actor).finally(() => {
      this.#starting = null
    })
    await this.#starting
  }

  /** Ends it and waits until it has. */
  async stop(): Promise<void> {
    await this.#starting?.catch(() => {})
    if (!this.#run) return
    this.#isStopping = true
    this.#run.child.kill('SIGTERM')
    await this.#run.ended
  }

  async #spawn(actor: Actor): Promise<void> {
    const { url, mqttUrl } = this.#address()
    const { ffmpeg } = await findFfmpeg(this.#ctx.config.ffmpegPath)
    const account = await this.#account(actor)
    const told = ['--base-url', url, '--mqtt-url', mqttUrl, ...(ffmpeg ? ['--ffmpeg', ffmpeg.path] : [])]
    const child = spawn(process.execPath, [SIMULATOR, ...told], { stdio: ['pipe', 'inherit', 'pipe'] })
    let lastWords = ''
    child.stderr.on('data', (text: Buffer) => {
      lastWords = text.toString().trim().slice(-500)
      process.stderr.write(text)
    })
    child.stdin.on('error', () => {}) // it is gone already: its end says so
    child.stdin.end(`${JSON.stringify({ apiToken: account.token })}\n`)
    this.#isStopping = false
    this.#endedFor = null
    const ended = new Promise<void>((resolve) => {
      child.once('error', (error) => {
        lastWords = error.message
      })
      child.once('close', async (code) => {
        if (!this.#isStopping) this.#endedFor = lastWords || `exit code ${code}`
        if (this.#endedFor) this.#onEnded(this.#endedFor)
        await this.#dismiss(account.id)
        this.#run = null
        resolve()
      })
    })
    this.#run = { child, ended, startedAt: this.#ctx.clock.now() }
  }

  async #account(actor: Actor): Promise<{ id: string; token: string }> {
    const username = `simulator-${newId().slice(-6)}`
    const { id } = await addStaff(this.#ctx, actor, { username, role: 'admin', password: newSecret('demo') })
    const expiresAt = new Date(this.#ctx.clock.now().getTime() + TOKEN_LIVES_MS).toISOString()
    const own: Actor = { kind: 'staff', id, name: username, role: 'admin' }
    return { id, token: (await addToken(this.#ctx, own, { name: 'simulated shop', expiresAt })).token }
  }

  /** Where even that fails, the token runs out by itself. */
  async #dismiss(id: string): Promise<void> {
    await changeStaff(this.#ctx, SYSTEM, { id, change: { disabled: true } }).catch((err: unknown) =>
      this.#ctx.log.warn({ err }, 'the simulated shop’s account could not be disabled')
    )
  }
}
