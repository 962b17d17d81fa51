/** What the lines of a draft would cost: the box knows what things cost when they were picked. */
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import type { TicketDecision, TicketQuote } from '#contracts/api/tickets.ts'
import { send } from '#web/api.ts'

type Asked = { id: string; version: number; lines: TicketDecision['lines'] }

/** The price of a product on a ticket in minor units; null until it is known. */
export function usePrices(visitId: string, tickets: Asked[]): (ticketId: string, productId: string) => number | null {
  const asked = tickets.filter(({ lines }) => lines.length > 0)
  const prices = useQuery({
    queryKey: ['quote', visitId, asked],
    queryFn: async () => {
      const quotes = asked.map(({ id, lines }) => send<TicketQuote>('POST', `/tickets/${id}/quote`, { body: { lines } }))
      const priced = (await Promise.all(quotes)).flatMap(({ lines }, n) =>
        lines.map(({ productId, unitPriceMinor }) => [keyOf(asked[n]!.id, productId), unitPriceMinor] as const)
      )
      return new Map(priced)
    },
    enabled: asked.length > 0,
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData
  })
  return (ticketId, productId) => prices.data?.get(keyOf(ticketId, productId)) ?? null
}

const keyOf = (ticketId: string, productId: string) => `${ticketId} ${productId}`
