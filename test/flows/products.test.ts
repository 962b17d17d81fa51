/** Products and planograms: added, changed, imported and exported by staff; the shelves hear of every weight and place that changes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lightestProducts } from '#server/domain/catalog/actions.ts'
import { EVENTS_START } from '#server/platform/event-log.ts'
import { assertProblem, openShop, staffCaller } from '#test/support/http.ts'
import { caughtUp } from '#test/support/visiting.ts'

const CSV = { 'content-type': 'text/csv' }
const cola = {
  sku: 'COLA-33',
  barcode: '5449000000996',
  name: 'Cola 0.33 l',
  weightGrams: 350,
  weightToleranceGrams: 5,
  priceMinor: 4000
}
const chips = { sku: 'CHIPS', name: 'Chips', weightGrams: 52, priceMinor: 2000 }

async function open() {
  const shop = await openShop()
  const { send } = await staffCaller(shop.ctx, shop.app, 'operations')
  const { db, clock, events } = shop.ctx
  const machine = (machineId: string) =>
    db
      .insertInto('machine')
      .values({ machineId, displayName: machineId, kind: 'shelf', deviceKeyHash: Buffer.alloc(32), createdAt: clock.now() })
      .execute()
  const told = async () => {
    await caughtUp(events)
    return (await events.after(EVENTS_START, { names: ['planogram.changed'] })).map((event) => event.payload.machineId)
  }
  return { ...shop, send, machine, told }
}

test('a product is added, read, found and changed by who saw its last version', async () => {
  await using shop = await open()
  const added = await shop.send('POST', '/api/v1/products', cola)
  assert.equal(added.status, 201)
  const { id, createdAt, updatedAt, ...facts } = added.body
  assert.deepEqual(facts, { ...cola, active: true, version: 1 })
  const unseen = { seenWeights: null, suggestedWeightGrams: null }
  assert.deepEqual((await shop.send('GET', `/api/v1/products/${id}`)).body, { ...added.body, ...unseen })
  assert.deepEqual((await shop.send('POST', '/api/v1/products', chips)).body.barcode, null)
  assertProblem(await shop.send('POST', '/api/v1/products', cola), 409, 'sku-taken')
  for (const [q, found] of [
    ['cola', 1],
    ['COLA-', 1],
    ['5449', 1],
    ['%', 0],
    ['_', 0],
    ['', 2]
  ] as const) {
    assert.equal((await shop.send('GET', `/api/v1/products?q=${encodeURIComponent(q)}`)).body.items.length, found, q)
  }
  const path = `/api/v1/products/${id}`
  assert.deepEqual((await shop.send('PATCH', path, { priceMinor: 4500, version: 1 })).body.version, 2)
  assertProblem(await shop.send('PATCH', path, { priceMinor: 1, version: 1 }), 409, 'stale-version')
  assert.equal((await shop.send('PATCH', path, { active: false })).body.active, false)
  assert.equal((await shop.send('GET', '/api/v1/products?active=true')).body.items.length, 1)
  assertProblem(await shop.send('GET', '/api/v1/products/018f0000-0000-7000-8000-000000000000'), 404, 'not-found')
  const audited = await shop.ctx.db
    .selectFrom('auditEntry')
    .select(['before', 'after'])
    .where('resourceId', '=', id)
    .orderBy('id', 'desc')
    .executeTakeFirstOrThrow()
  assert.deepEqual(
    [(audited.before as typeof cola & { active: boolean }).active, (audited.after as { active: boolean }).active],
    [true, false]
  )
})

test('a wrong field is named and nothing is stored', async () => {
  await using shop = await open()
  const wrong: [field: string, body: unknown][] = [
    ['weightGrams', { ...cola, weightGrams: 0 }],
    ['weightGrams', { ...cola, weightGrams: '350' }],
    ['weightGrams', { ...cola, weightGrams: 1.5 }],
    ['priceMinor', { ...cola, priceMinor: -1 }],
    ['sku', { ...cola, sku: 'a b' }],
    ['name', { ...cola, name: '   ' }],
    ['name', { ...cola, name: undefined }],
    ['colour', { ...cola, colour: 'red' }],
    ['body', []],
    ['body', { ...cola, name: 'a\u0000b' }],
    ['body', { ...cola, name: '\ud800' }]
  ]
  for (const [field, body] of wrong) {
    const answer = await shop.send('POST', '/api/v1/products', body)
    assertProblem(answer, 422, 'invalid')
    assert.equal(answer.body.field, field)
  }
  assert.equal((await shop.send('GET', '/api/v1/products')).body.items.length, 0)
})

test('every product is on exactly one page, however small the pages', async () => {
  await using shop = await open()
  const rows = Array.from({ length: 23 }, (_, n) => `P${n},${n % 3 === 0 ? 'Same name' : `Name ${n}`},${n + 1},10`)
  await shop.send('POST', '/api/v1/products/import', `sku,name,weightGrams,priceMinor\n${rows.join('\n')}`, CSV)
  const seen: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: { items: { sku: string }[]; nextCursor: string | null } = (
      await shop.send('GET', `/api/v1/products?limit=4${cursor && `&cursor=${cursor}`}`)
    ).body
    seen.push(...page.items.map((product) => product.sku))
    cursor = page.nextCursor
  }
  assert.deepEqual([seen.length, new Set(seen).size], [23, 23])
})

test('an export can be imported again and changes nothing; formulas stay text', async () => {
  await using shop = await open()
  await shop.send('POST', '/api/v1/products', { ...cola, name: '=HYPERLINK("http://x", "y")' })
  await shop.send('POST', '/api/v1/products', chips)
  const file = await shop.send('GET', '/api/v1/products.csv')
  assert.match(String(file.headers['content-type']), /^text\/csv/)
  assert.equal(file.text.split('\r\n')[1], 'COLA-33,5449000000996,"\'=HYPERLINK(""http://x"", ""y"")",350,5,4000,true')
  assert.deepEqual((await shop.send('POST', '/api/v1/products/import', file.text, CSV)).body, {
    added: 0,
    changed: 0,
    unchanged: 2
  })
})

test('an import adds and changes by SKU, leaves what it does not name, and is all or nothing', async () => {
  await using shop = await open()
  await shop.send('POST', '/api/v1/products', cola)
  const post = (text: string) => shop.send('POST', '/api/v1/products/import', text, CSV)
  const wrong: [text: string, field: string][] = [
    ['sku,name,weightGrams,priceMinor\nA,a,10,1\nB,b,ten,1', 'line 3/weightGrams'],
    ['sku,name,weightGrams,priceMinor\nA,a,10,1\nA,b,10,1', 'line 3/sku'],
    ['sku,name,priceMinor\nA,a,1', 'line 1/weightGrams'],
    ['sku,name,weightGrams,priceMinor,colour\nA,a,1,1,red', 'line 1/colour'],
    ['sku,name,weightGrams,priceMinor\nA,a,10', 'line 2'],
    ['sku,name,weightGrams,priceMinor\nA,"a,10,1', 'line 2'],
    ['sku,name,weightGrams,priceMinor,active\nA,a,10,1,perhaps', 'line 2/active'],
    ['sku,name,weightGrams,priceMinor\nA,a,99999999999,1', 'line 2/weightGrams'],
    ['', 'line 1/sku']
  ]
  for (const [text, field] of wrong) {
    const answer = await post(text)
    assertProblem(answer, 422, 'invalid')
    assert.equal(answer.body.field, field)
  }
  assert.equal((await shop.send('GET', '/api/v1/products')).body.items.length, 1)
  const good = 'name,sku,priceMinor,weightGrams,active\r\n"Cola, cold",COLA-33,4100,350,\r\nWater,W,1500,520,false\r\n'
  assert.deepEqual((await post(good)).body, { added: 1, changed: 1, unchanged: 0 })
  const { items } = (await shop.send('GET', '/api/v1/products')).body
  assert.deepEqual(
    items.map((p: typeof cola & { active: boolean; version: number }) => [
      p.sku,
      p.name,
      p.barcode,
      p.weightToleranceGrams,
      p.priceMinor,
      p.active,
      p.version
    ]),
    [
      ['COLA-33', 'Cola, cold', cola.barcode, 5, 4100, true, 2],
      ['W', 'Water', null, 0, 1500, false, 1]
    ]
  )
  assertProblem(await shop.send('POST', '/api/v1/products/import', [] as unknown), 415, 'unsupported-media-type')
})

test('a planogram is replaced as a whole, and the shelves hear of it and of every weight that changes', async () => {
  await using shop = await open()
  await shop.machine('m-1')
  const [a, b] = [
    (await shop.send('POST', '/api/v1/products', cola)).body,
    (await shop.send('POST', '/api/v1/products', chips)).body
  ]
  const path = '/api/v1/machines/m-1/planogram'
  assert.deepEqual((await shop.send('GET', path)).body, { machineId: 'm-1', facings: [] })
  const facings = [
    { productId: a.id, scaleIds: ['002', '001'] },
    { productId: b.id, scaleIds: ['002'] }
  ]
  assert.deepEqual((await shop.send('PUT', path, { facings })).body, { machineId: 'm-1', facings })
  assert.deepEqual((await shop.send('GET', path)).body.facings, facings)
  assert.deepEqual([...(await lightestProducts(shop.ctx.db, 'm-1'))].sort(), [
    ['001', 350],
    ['002', 52]
  ])
  assert.deepEqual(await shop.told(), ['m-1'])
  await shop.send('PATCH', `/api/v1/products/${b.id}`, { priceMinor: 1 })
  assert.equal((await shop.told()).length, 1)
  await shop.send('PATCH', `/api/v1/products/${b.id}`, { weightGrams: 40 })
  await shop.send('POST', '/api/v1/products/import', 'sku,name,weightGrams,priceMinor\nCHIPS,Chips,41,1', CSV)
  assert.deepEqual(await shop.told(), ['m-1', 'm-1', 'm-1'])
  assert.deepEqual((await shop.send('PUT', path, { facings: [] })).body.facings, [])
})

test('a planogram names only active products and proper scales of a machine there is', async () => {
  await using shop = await open()
  await shop.machine('m-1')
  const { id } = (await shop.send('POST', '/api/v1/products', cola)).body
  const gone = (await shop.send('POST', '/api/v1/products', { ...chips, active: false })).body.id
  const put = (facings: unknown, machineId = 'm-1') => shop.send('PUT', `/api/v1/machines/${machineId}/planogram`, { facings })
  const wrong: [facings: unknown, field: string][] = [
    [[{ productId: gone, scaleIds: ['1'] }], 'facings/0/productId'],
    [
      [
        { productId: id, scaleIds: ['1'] },
        { productId: '018f0000-0000-7000-8000-000000000000', scaleIds: ['1'] }
      ],
      'facings/1/productId'
    ],
    [[{ productId: id, scaleIds: [] }], 'facings/0/scaleIds'],
    [[{ productId: id, scaleIds: ['1', '1'] }], 'facings/0/scaleIds'],
    [[{ productId: id, scaleIds: ['a b'] }], 'facings/0/scaleIds/0'],
    [[{ productId: 'urn:uuid:018f0000-0000-7000-8000-000000000000', scaleIds: ['1'] }], 'facings/0/productId'],
    ['x', 'facings']
  ]
  for (const [facings, field] of wrong) {
    const answer = await put(facings)
    assertProblem(answer, 422, 'invalid')
    assert.equal(answer.body.field, field)
  }
  assertProblem(await put([], 'm-2'), 404, 'not-found')
  assertProblem(await shop.send('GET', '/api/v1/machines/m-2/planogram'), 404, 'not-found')
  assert.deepEqual(await shop.told(), [])
})

test('two planograms put at once leave one of them, not both', async () => {
  await using shop = await open()
  await shop.machine('m-1')
  const { id } = (await shop.send('POST', '/api/v1/products', cola)).body
  const put = (n: number) =>
    shop.send('PUT', '/api/v1/machines/m-1/planogram', {
      facings: [
        { productId: id, scaleIds: [`a${n}`] },
        { productId: id, scaleIds: [`b${n}`] }
      ]
    })
  await Promise.all(Array.from({ length: 8 }, (_, n) => put(n)))
  const { facings } = (await shop.send('GET', '/api/v1/machines/m-1/planogram')).body
  assert.equal(facings.length, 2)
  assert.equal(facings[0].scaleIds[0].slice(1), facings[1].scaleIds[0].slice(1))
})

test('a product has at most one photo: small, a picture by its bytes, gone when it is taken away', async () => {
  await using shop = await openShop()
  const staff = await staffCaller(shop.ctx, shop.app, 'operations')
  const { body: made } = await staff.send('POST', '/api/v1/products', cola)
  const path = `/api/v1/products/${made.id}/photo`
  const put = async (content: Buffer, type = 'image/jpeg', to = path) => {
    const headers = { authorization: `Bearer ${staff.token}`, 'content-type': type }
    const { statusCode, body } = await shop.app.inject({ method: 'PUT', url: to, headers, payload: content })
    return { status: statusCode, body: JSON.parse(body) }
  }
  const jpeg = (...rest: number[]) => Buffer.from([0xff, 0xd8, 0xff, ...rest])
  const png = Buffer.from('89504e470d0a1a0a00', 'hex')
  assertProblem(await staff.send('GET', path), 404, 'not-found')
  for (const [content, type, status] of [
    [Buffer.from('<svg onload="alert(1)"/>'), 'image/jpeg', 422],
    [Buffer.alloc(0), 'image/jpeg', 422],
    [Buffer.concat([jpeg(), Buffer.alloc(100 * 1024)]), 'image/jpeg', 413],
    [jpeg(1), 'image/svg+xml', 415]
  ] as const)
    assert.equal((await put(content, type)).status, status, type)
  assert.equal((await put(jpeg(1), 'image/jpeg', `/api/v1/products/${shop.ctx.store.storeId}/photo`)).status, 404)
  assert.deepEqual((await staff.send('GET', '/api/v1/product-photos')).body.items, [], 'nothing was kept')
  const first = await put(jpeg(1))
  const again = await put(png)
  assert.deepEqual([first.status, again.status], [200, 200], JSON.stringify(again.body))
  const { items } = (await staff.send('GET', '/api/v1/product-photos')).body
  assert.deepEqual(items, [again.body])
  const shown = await shop.app.inject({ method: 'GET', url: items[0].url, headers: { authorization: `Bearer ${staff.token}` } })
  assert.deepEqual([shown.headers['content-type'], shown.rawPayload], ['image/png', png])
  const reviewer = await staffCaller(shop.ctx, shop.app, 'reviewer')
  assertProblem(await reviewer.send('DELETE', path), 403, 'forbidden')
  assert.equal((await staff.send('DELETE', path)).status, 204)
  assert.equal((await staff.send('DELETE', path)).status, 204)
  assertProblem(await staff.send('GET', path), 404, 'not-found')
})
