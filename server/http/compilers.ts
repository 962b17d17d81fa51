/**
 * Schemas compile when they are first needed, and once in a process: most routes are seldom called, and what all of them compile to is a
 * second of the start and memory for good.
 */
import { createRequire } from 'node:module'
import type { FastifyServerOptions } from 'fastify'

type Factory = NonNullable<NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']>
type Route = { schema: object }
type Validate = ((data: unknown) => unknown) & { errors?: unknown }
type Serialize = (data: unknown) => string
type Build<T> = (externalSchemas: unknown, options: unknown) => (route: Route) => T

const ofFastify = createRequire(import.meta.resolve('fastify')) // the very ones that it would use by itself
const buildValidator: Build<Validate> = ofFastify('@fastify/ajv-compiler')()
const buildSerializer: Build<Serialize> = ofFastify('@fastify/fast-json-stringify-compiler').SerializerSelector()

const validators = new WeakMap<object, Validate>()
const serializers = new WeakMap<object, Serialize>()

const late = {
  buildValidator(externalSchemas: unknown, options: unknown) {
    const compile = buildValidator(externalSchemas, options)
    return (route: Route): Validate => {
      const validate: Validate = (data) => {
        const made = once(validators, route, compile)
        const passed = made(data)
        validate.errors = made.errors // where Fastify looks for them
        return passed
      }
      return validate
    }
  },
  buildSerializer(externalSchemas: unknown, options: unknown) {
    const compile = buildSerializer(externalSchemas, options)
    return (route: Route): Serialize =>
      (data) =>
        once(serializers, route, compile)(data)
  }
}
/** Fastify's own compilers, put off. A schema that does not compile fails the first request that needs it, not the start. */
export const compilersFactory = late as unknown as Factory

function once<T>(made: WeakMap<object, T>, route: Route, compile: (route: Route) => T): T {
  const known = made.get(route.schema)
  if (known) return known
  const value = compile(route)
  made.set(route.schema, value)
  return value
}
