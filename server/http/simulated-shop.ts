/** The simulated shop in a store that has nothing else: started and stopped by an admin. The process itself is given. */
import { SimulatedShopState } from '#contracts/api/simulated-shop.ts'
import type { Actor } from '#server/context.ts'
import { beginSimulation } from '#server/domain/user/actions.ts'
import { Refused } from '#server/platform/errors.ts'
import type { Resource } from './app.ts'

export type SimulatedShopControl = {
  state(): SimulatedShopState
  start(actor: Actor): Promise<void>
  stop(): Promise<void>
}
const tags = ['store']
const response = { 200: SimulatedShopState }
const config = { access: 'simulated-shop:run' } as const

export const simulatedShop =
  (shop: SimulatedShopControl): Resource =>
  (app, ctx) => {
    const state = { summary: 'Does a simulated shop use this store', tags, response }
    app.get('/simulated-shop', { schema: state, config }, async () => shop.state())

    const start = {
      summary: 'Let a simulated shop move into this store: it must be empty, or one that a simulated shop has moved into before',
      tags,
      response
    }
    app.post('/simulated-shop', { schema: start, config }, async (req) => {
      const { tlsCertFile, mqttUrl } = ctx.config
      if (tlsCertFile || mqttUrl)
        throw new Refused(
          'no-way-in',
          'the simulated shop’s devices speak plain HTTP and MQTT with the box itself; this store has TLS or a broker of its own. `npm run demo` starts one in a data folder of its own'
        )
      await beginSimulation(ctx, req.actor)
      await shop.start(req.actor)
      return shop.state()
    })

    const stop = { summary: 'End the simulated shop; what it did stays in the store’s books', tags, response }
    app.delete('/simulated-shop', { schema: stop, config }, async () => {
      await shop.stop()
      return shop.state()
    })
  }
