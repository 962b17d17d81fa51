/** The store and its mode. */

import { Type } from 'typebox'
import { Page, SpanQuery } from '#contracts/api/shared.ts'
import { StoreDay, StoreInfo, StoreModeChange, StoreModeInput, StoreModeState } from '#contracts/api/store.ts'
import { readDay } from '#server/domain/ticket/actions.ts'
import { changeStoreMode, listStoreModeChanges, storeInfo } from '#server/domain/user/actions.ts'
import type { Resource } from './app.ts'

const tags = ['store']

export const store: Resource = (app, ctx) => {
  const info = { summary: 'This store', tags, response: { 200: StoreInfo } }
  app.get('/store', { schema: info, config: { access: 'store:read' } }, async () => storeInfo(ctx))

  const today = { summary: 'The day so far: visits, tickets by state, what was sold', tags, response: { 200: StoreDay } }
  app.get('/store/today', { schema: today, config: { access: 'store:read' } }, async () => readDay(ctx))

  const mode = { summary: 'The store mode', tags, response: { 200: StoreModeState } }
  app.get('/store/mode', { schema: mode, config: { access: 'store:read' } }, async () => {
    const { mode, modeSince } = await storeInfo(ctx)
    return { mode, since: modeSince }
  })

  const change = {
    summary: 'Put the store into a mode; 409 with their visits while customers are inside whom it would lock out',
    tags,
    body: StoreModeInput,
    response: { 200: StoreModeState }
  }
  app.put('/store/mode', { schema: change, config: { access: 'store-mode:write' } }, async (req) =>
    changeStoreMode(ctx, req.actor, req.body)
  )

  const changes = {
    summary: 'Store mode changes',
    tags,
    querystring: Type.Object(SpanQuery),
    response: { 200: Page(StoreModeChange) }
  }
  app.get('/store/mode-changes', { schema: changes, config: { access: 'store:read' } }, async (req) =>
    listStoreModeChanges(ctx.db, req.query)
  )
}
