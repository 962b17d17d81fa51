/** P1: the server dies at any moment (kill -9 of its process group) under HTTP and MQTT load. */
import { test } from 'node:test'
import { checkBooks } from './support/books.ts'
import { furnish, openShop } from './support/shop.ts'
import { between, rounds } from './support/sizes.ts'
import { StoreProcess } from './support/store-process.ts'

test('whatever was acknowledged when the server is killed is there afterwards, once', async (t) => {
  await using store = new StoreProcess({ env: { MACHINE_SESSION_SECONDS: '5' } })
  await store.start()
  await using shop = openShop(store, await furnish(store))
  await shop.served()
  const times = rounds(50, 200)
  const starts: number[] = []
  for (let round = 0; round < times; round++) {
    await shop.acknowledged(round % 10 === 0 ? 0 : Math.floor(between(1, 60)))
    await store.kill()
    starts.push(await store.start())
    if (round % 5 === 0) await shop.served()
  }
  await shop.served()
  await shop.close()
  const found = await checkBooks(store, shop.ledger)
  const worst = Math.max(...starts)
  t.diagnostic(`${times} kills, ${found} acknowledged, 0 lost, 0 twice; ready again within ${(worst / 1000).toFixed(1)} s`)
  t.diagnostic(JSON.stringify(Object.fromEntries(shop.ledger.answers)))
})
