/** The live store in a real browser: what happens appears by itself, a dropped connection is said and made good, the mode is guarded. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { withoutChromium } from '#test/support/browser.ts'
import type { Caller } from '#test/support/http.ts'
import { assertUsable, openPanel, type Panel } from '#test/support/panel.ts'
import { openShelfStore, type ShelfStore } from '#test/support/shelf-store.ts'
import { later, visitor } from '#test/support/visiting.ts'

const skip = withoutChromium
let store: ShelfStore
let panel: Panel
let operator: Caller

before(async () => {
  if (skip) return
  store = await openShelfStore({ env: { AUTO_REVIEW: 'off' } })
  operator = await store.staff('operations')
  panel = await openPanel(store.app)
  await panel.signIn(operator, '/live', 'Live')
  await panel.page.getByText('as it happens').waitFor()
})
after(async () => {
  await panel?.[Symbol.asyncDispose]()
  await store?.[Symbol.asyncDispose]()
})

const part = (name: string) => panel.page.locator('section.card').filter({ has: panel.page.getByRole('heading', { name }) })

test('a visit appears as it happens: who is inside, what they took, how it ended', { skip }, async () => {
  await part('Inside now').getByText('Nobody is inside').waitFor()
  const shopper = await visitor(store)
  await part('Inside now').getByText('Customer').waitFor()
  await store.seconds(5)
  await store.hand('m1', { 103: -1038 })
  await part('Machines').getByText('−1,038 g').waitFor()
  await part('Inside now').getByText('2 × juice').waitFor()
  await assertUsable(panel.page)
  await shopper.leave()
  await later(store)
  await part('Inside now').getByText('Nobody is inside').waitFor()
  await panel.page.getByRole('link', { name: /To be reviewed\s*2/ }).waitFor()
  await part('What happens').getByText(/ended/).waitFor()
})

test('a dropped connection is said, and what was missed is there when it is back', { skip }, async () => {
  const { page } = panel
  await page.route('**/api/v1/live?*', (route) => route.abort())
  store.app.server.closeAllConnections()
  await page.getByText(/connection to the box is lost/).waitFor()
  await assertUsable(page)
  const shopper = await visitor(store)
  await page.unroute('**/api/v1/live?*')
  await page.getByText(/connection to the box is lost/).waitFor({ state: 'detached' })
  await part('Inside now').getByText('Customer').waitFor()
  await shopper.leave()
  await later(store)
})

test('the store mode changes with one question, and with a second one while customers are inside', { skip }, async () => {
  const { page } = panel
  const mode = async () => (await operator.send('GET', '/api/v1/store/mode')).body.mode
  const shopper = await visitor(store)
  await page.getByRole('button', { name: 'Refill' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Refill' }).click()
  const second = page.getByRole('dialog', { name: 'Customers are inside' })
  await second.waitFor()
  assert.equal(await mode(), 'CUSTOMER_MODE', 'nothing has changed yet')
  await second.getByRole('button', { name: 'Cancel' }).click()
  await shopper.leave()
  await later(store)
  await part('Inside now').getByText('Nobody is inside').waitFor()
  await page.getByRole('button', { name: 'Refill' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Refill' }).click()
  await page.locator('.brand').getByText('Refill').waitFor()
  assert.equal(await mode(), 'REFILLMENT_MODE')
})

test('what to bring follows the weight on the shelf, and what is low is told apart', { skip }, async () => {
  const { page } = panel
  const facings = [{ productId: store.ids.get('juice')!, scaleIds: ['103'], capacity: 12, lowAt: 4 }]
  const put = await (await store.staff('admin')).send('PUT', '/api/v1/machines/m1/planogram', { facings })
  assert.equal(put.status, 200, put.text)
  const has = (await operator.send('GET', '/api/v1/stock?machineId=m1')).body.items[0].onHand
  await panel.open('/refill', 'Refill')
  await part('To bring')
    .getByRole('row', { name: new RegExp(`^${12 - has} ×\\s*juice`) })
    .waitFor()
  await page
    .getByRole('row')
    .filter({ hasText: new RegExp(`juice\\s*103\\s*${has} of 12[\\s\\S]*${12 - has}`) })
    .waitFor()
  await page.getByLabel('Only what is low').press('Space')
  await page.getByText('Nothing is missing').waitFor()
  await assertUsable(page)
  await store.hand('m1', { 103: -520 * (has - 3) })
  await part('To bring')
    .getByRole('row', { name: /^9 ×\s*juice/ })
    .waitFor()
  await page
    .getByRole('row')
    .filter({ hasText: /juice low/ })
    .waitFor()
  await assertUsable(page)
  assert.deepEqual(panel.complaints, [])
})
