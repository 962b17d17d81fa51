/** What the shopper said, while he contests what was decided on his visit. */
import type { VisitDetail } from '#contracts/api/visits.ts'
import { moment } from '#web/format.ts'
import type { ShelfMap } from '#web/resources/shelf-map.ts'
import { Notice } from '#web/ui/notice.tsx'

export function Contested({ visit, shelves }: { visit: VisitDetail; shelves: ShelfMap }) {
  const contest = visit.contests.find(({ status }) => status === 'OPEN')
  if (!contest) return null
  return (
    <Notice tone="fair">
      <strong>The shopper contests this visit:</strong> “{contest.message}”
      {contest.lines.length > 0 && (
        <>
          {' '}
          He says he took{' '}
          {contest.lines.map(({ productId, quantity }) => `${quantity} × ${shelves.productName(productId)}`).join(', ')}.
        </>
      )}{' '}
      <span className="soft num">{moment(contest.openedAt)}</span>
      <br />
      What you decide is the answer, and so is your note: the shopper may read it.
    </Notice>
  )
}
