/** The answers the app keeps; and what it asks for before there is a screen to show it, so that no answer waits for another. */
import { QueryClient, type QueryKey } from '@tanstack/react-query'
import { ApiProblem } from './api.ts'

/** What was refused is not asked again; what could not be reached is, a few times. */
export const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (failures, error) => failures < 3 && error instanceof ApiProblem && (error.status === 0 || error.status >= 500)
    }
  }
})

/** What was asked for before the live stream was open: what changed in between, nobody told. */
const early: { queryKey: QueryKey; answered: Promise<unknown> }[] = []
let isStreaming = false

/** What a screen is about to show, asked for now. Where it comes to nothing, the screen asks again. */
export function askEarly(queryKey: QueryKey, answered: Promise<unknown>): void {
  if (!isStreaming) early.push({ queryKey, answered })
}

/** The live stream is open and tells what changes from now on. */
export function streamIsOpen(): void {
  isStreaming = true
  for (const { queryKey, answered } of early.splice(0)) void answered.then(() => client.invalidateQueries({ queryKey }))
}
