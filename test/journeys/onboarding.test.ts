/** A store integrator alone with the panel: each kind of device from its name to the first sign of life, and a planogram. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { withoutChromium } from '#test/support/browser.ts'
import { httpMachine } from '#test/support/devices.ts'
import { withoutFfmpeg } from '#test/support/ffmpeg.ts'
import { sender } from '#test/support/http.ts'
import { assertUsable, openPanel, type Panel } from '#test/support/panel.ts'
import { openRecordingStore, type RecordingStore } from '#test/support/recording.ts'

const skip = withoutChromium || withoutFfmpeg
let store: RecordingStore
let panel: Panel

before(async () => {
  if (skip) return
  store = await openRecordingStore()
  panel = await openPanel(store.app)
  await panel.signIn(store.admin, '/', 'Onboarding')
})
after(async () => {
  await panel?.[Symbol.asyncDispose]()
  await store?.[Symbol.asyncDispose]()
})

test('an empty store greets with what it needs, and offers a simulated shop instead', { skip }, async () => {
  await panel.page
    .locator('.checklist')
    .filter({ hasText: /Machines\s*None yet/ })
    .waitFor()
  await panel.page.getByRole('button', { name: 'Start the simulated shop instead' }).click()
  await panel.page
    .getByRole('dialog')
    .filter({ hasText: /stays in this store’s books for good/ })
    .waitFor()
  await assertUsable(panel.page)
  await panel.page.getByRole('button', { name: 'Cancel' }).click()
  await assertUsable(panel.page)
})

test('a machine: its key, its first heartbeat, its scales against a known weight', { skip }, async () => {
  const { page } = panel
  await panel.open('/start/machine', 'Onboard a machine')
  await page.getByLabel('Machine id').fill('shelf-1')
  await page.getByLabel('Name').fill('Snack shelf')
  await page.getByRole('button', { name: 'Onboard' }).click()
  const deviceKey = await page.locator('.secret').innerText()
  await assertUsable(page)
  await page.getByRole('button', { name: 'It is set on the device' }).click()
  await page.getByText('Waiting for the first heartbeat').waitFor()
  const machine = httpMachine(store, { machineId: 'shelf-1', deviceKey })
  await machine.beat({ '001': 1000, '002': 800 })
  await page.getByText(/First heartbeat at/).waitFor()
  const row = (scale: string) => page.getByRole('row').filter({ hasText: scale })
  await row('001').getByText('1,000 g').waitFor()
  await machine.beat({ '001': 1500, '002': 900 })
  await row('001').getByText('right').waitFor()
  await row('002')
    .getByText(/off by −400 g/)
    .waitFor()
  await assertUsable(page)
})

test('a planogram: products on one or more scales, and a word about two that weigh nearly the same', { skip }, async () => {
  const { page } = panel
  for (const [sku, name, weightGrams] of [
    ['A', 'Almond bar', 40],
    ['B', 'Berry bar', 44]
  ] as const)
    assert.equal((await store.admin.send('POST', '/api/v1/products', { sku, name, weightGrams, priceMinor: 1000 })).status, 201)
  await panel.open('/planograms/shelf-1', /Planogram of Snack shelf/)
  const plate = (scale: string) => page.getByRole('button', { name: new RegExp(`^${scale}`) })
  await plate('001').click()
  await page.getByRole('button', { name: /Almond bar/ }).click()
  await plate('001').click()
  await plate('002').click()
  await page.getByRole('button', { name: /^Berry bar/ }).click()
  await page.getByText(/differ by only 4 g/).waitFor()
  await assertUsable(page)
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Planogram saved').waitFor()
  const { body } = await store.admin.send('GET', '/api/v1/machines/shelf-1/planogram')
  assert.deepEqual(
    body.facings.map(({ scaleIds }: any) => scaleIds),
    [['001'], ['001', '002']]
  )
})

test('a scanner: a code that arrives proves it, also one that is refused', { skip }, async () => {
  const { page } = panel
  await panel.open('/start/scanner', 'Onboard a scanner')
  await page.getByLabel('Name').fill('Front door')
  await page.getByRole('button', { name: 'Onboard' }).click()
  const deviceKey = await page.locator('.secret').innerText()
  await page.getByRole('button', { name: 'It is set on the device' }).click()
  const scan = await sender(store.app, { authorization: `Bearer ${deviceKey}` })('POST', '/entry-control/', {
    token: 'no.such.code'
  })
  assert.equal(scan.status, 403)
  await page.getByText(/was refused: bad token/).waitFor()
  await page.getByText(/answered it within \d+ ms/).waitFor()
})

test('a scanner whose answer is lost on the way is made once, and its key is shown all the same', { skip }, async () => {
  const { page } = panel
  await panel.open('/start/scanner', 'Onboard a scanner')
  await page.getByLabel('Name').fill('Back door')
  await page.route('**/api/v1/scanners', async (route) => {
    if (route.request().method() === 'POST') await route.fetch()
    await route.abort()
  })
  await page.getByRole('button', { name: 'Onboard' }).click()
  await page.getByText('The box does not answer').waitFor()
  await page.unroute('**/api/v1/scanners')
  await page.getByRole('button', { name: 'Onboard' }).click()
  await page.locator('.secret').waitFor()
  const { body } = await store.admin.send('GET', '/api/v1/scanners')
  assert.equal(body.items.filter(({ name }: { name: string }) => name === 'Back door').length, 1)
})

test('a product: its photo is made small, shown, and taken away; a list of those that weigh otherwise', { skip }, async () => {
  const { page } = panel
  const body = { sku: 'COLA', name: 'Cola', weightGrams: 350, priceMinor: 4000 }
  const { id } = (await store.admin.send('POST', '/api/v1/products', body)).body
  const photo = page.locator('img.photo')
  await panel.open(`/products/${id}`, 'Cola')
  await page
    .getByLabel(/A picture of it/)
    .setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: Buffer.from('no picture') })
  await page.getByText('This browser cannot read that picture').waitFor()
  assert.equal(await page.getByRole('button', { name: 'Take it away' }).count(), 0, 'there is none yet')
  await page.getByLabel(/A picture of it/).setInputFiles(await pictureOf(1200, 600))
  await photo.waitFor()
  await page.waitForFunction(() => (globalThis as any).document.querySelector('img.photo').naturalWidth === 320)
  await assertUsable(page)
  const [kept] = (await store.admin.send('GET', '/api/v1/product-photos')).body.items
  assert.deepEqual([kept.productId, kept.bytes < 20_000], [id, true])
  await page.getByRole('button', { name: 'Take it away' }).press('Enter')
  await photo.waitFor({ state: 'detached' })
  assert.deepEqual((await store.admin.send('GET', '/api/v1/product-photos')).body.items, [])
  await panel.open('/products', 'Products')
  await page.getByRole('link', { name: 'Cola' }).waitFor()
  await page.getByLabel('Seen weight').selectOption('Off the catalogue')
  await page.getByText('Nothing fits').waitFor()
  assert.match(page.url(), /is\.weightOff=true/)
})

/** A picture of the page, so large. */
async function pictureOf(width: number, height: number) {
  await panel.page.setViewportSize({ width, height })
  const buffer = await panel.page.screenshot()
  return { name: 'photo.png', mimeType: 'image/png', buffer }
}

test('a camera: its stream is tested, its picture shown, and it records', { skip }, async () => {
  const { page } = panel
  await panel.open('/start/camera', 'Onboard a camera')
  await page.getByLabel('Stream').fill('rtsp://127.0.0.1:1/nothing')
  await page.getByRole('button', { name: 'Test' }).click()
  await page.locator('.error').waitFor()
  await page.getByLabel('Stream').fill(store.rtsp.url('/1'))
  await page.getByRole('button', { name: 'Test' }).click()
  await page.getByAltText('What the camera sees').waitFor()
  await page
    .locator('.stream')
    .filter({ hasText: /320 × 180[\s\S]*h264/ })
    .waitFor()
  await page.getByLabel('Name').fill('First aisle')
  await page.getByLabel('Snack shelf').check()
  await assertUsable(page)
  await page.getByRole('button', { name: 'Save and record' }).click()
  await page.getByText('It is being recorded').waitFor()
  const { body } = await store.admin.send('GET', '/api/v1/cameras')
  assert.deepEqual(
    body.items.map(({ name, machineIds }: any) => [name, machineIds]),
    [['First aisle', ['shelf-1']]]
  )
  assert.deepEqual([...panel.hosts], [panel.base])
  assert.deepEqual(panel.complaints, [])
})
