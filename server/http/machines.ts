/** Machines: onboarding, keys, retirement, status, lock and unlock. */
import { Type } from 'typebox'
import {
  CommandSent,
  DeviceKey,
  LockInput,
  Machine,
  MachineChange,
  MachineInput,
  MachineQuery,
  MachineStatus,
  NewMachine
} from '#contracts/api/machines.ts'
import { DeviceId, Page } from '#contracts/api/shared.ts'
import {
  addMachine,
  changeMachine,
  listMachines,
  readMachine,
  retireMachine,
  rotateMachineKey,
  sendCommand
} from '#server/domain/iot/actions.ts'
import { readStoreMode } from '#server/domain/user/actions.ts'
import { Refused } from '#server/platform/errors.ts'
import type { RouteAccess } from './access.ts'
import type { Resource } from './app.ts'

const tags = ['machines']
const params = Type.Object({ machineId: DeviceId })

export const machines: Resource = (app, ctx) => {
  const list = { summary: 'Machines by id', tags, querystring: MachineQuery, response: { 200: Page(Machine) } }
  app.get('/machines', { schema: list, config: { access: 'machines:read' } }, async (req) => listMachines(ctx, req.query))

  const add = {
    summary: 'Onboard a machine; its device key is shown this once',
    tags,
    body: MachineInput,
    response: { 201: NewMachine }
  }
  app.post(
    '/machines',
    { schema: add, config: { access: 'machines:write', idempotent: true, secretFields: ['deviceKey'] } },
    async (req, reply) => reply.code(201).send(await addMachine(ctx, req.actor, req.body))
  )

  const one = { summary: 'One machine', tags, params, response: { 200: Machine } }
  app.get('/machines/:machineId', { schema: one, config: { access: 'machines:read' } }, async (req) =>
    readMachine(ctx, req.params.machineId)
  )

  const change = { summary: 'Rename a machine or change its kind', tags, params, body: MachineChange, response: { 200: Machine } }
  app.patch('/machines/:machineId', { schema: change, config: { access: 'machines:write' } }, async (req) =>
    changeMachine(ctx, req.actor, { machineId: req.params.machineId, change: req.body })
  )

  const retire = { summary: 'Retire a machine: its key ends, its history stays', tags, params, response: { 204: Type.Null() } }
  app.delete('/machines/:machineId', { schema: retire, config: { access: 'machines:write' } }, async (req, reply) => {
    await retireMachine(ctx, req.actor, req.params.machineId)
    return reply.code(204).send(null)
  })

  const key = { summary: 'A new device key, shown this once; the old one ends', tags, params, response: { 201: DeviceKey } }
  const config = { access: 'device-keys:write', idempotent: true, secretFields: ['deviceKey'] } as const
  app.post(
    '/machines/:machineId/device-key',
    { schema: key, config: { ...config, secretFields: ['deviceKey'] } },
    async (req, reply) => reply.code(201).send(await rotateMachineKey(ctx, req.actor, req.params.machineId))
  )
}

/** Paths of the system this one replaces, kept for its apps. */
export const machineControl: Resource = (app, ctx) => {
  const status = { summary: 'Is the machine online, locked, open for customers?', tags, params, response: { 200: MachineStatus } }
  const access: RouteAccess[] = ['device:machine', 'machines:read']
  app.get('/api/machines/:machineId/status', { schema: status, config: { access } }, async (req) => {
    const asking = req.device?.machineId
    if (asking !== undefined && asking !== req.params.machineId)
      throw new Refused('wrong-device', `this is the key of machine ${asking}`)
    const { machineId, operationStatus, online, locked, lastHeartbeatAt } = await readMachine(ctx, req.params.machineId)
    return {
      status: 'success' as const,
      machineId,
      operationStatus,
      online,
      locked,
      lastHeartbeatAt,
      storeMode: await readStoreMode(ctx)
    }
  })

  const lock = {
    summary: 'Lock or unlock a machine; what becomes of it is at /api/v1/commands/{id}',
    tags,
    body: LockInput,
    response: { 202: CommandSent }
  }
  app.post('/api/machines/lock', { schema: lock, config: { access: 'machines:lock' } }, async (req, reply) =>
    reply
      .code(202)
      .send(await sendCommand(ctx, req.actor, { machineId: req.body.machineId, command: req.body.lock ? 'lock' : 'unlock' }))
  )
}
