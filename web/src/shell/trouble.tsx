/** What is shown in a page's place when it broke, or when there is none. */
import { isRouteErrorResponse, useRouteError } from 'react-router'
import { Button } from '#web/ui/button.tsx'
import { Empty } from '#web/ui/notice.tsx'

export function Trouble() {
  const error = useRouteError()
  const isGone = error instanceof TypeError && /dynamically imported|module script/i.test(error.message)
  if (isGone)
    return (
      <Empty title="The panel was updated">
        <p>Load the page again to get the new one.</p>
        <Button tone="primary" onPress={() => location.reload()}>
          Load again
        </Button>
      </Empty>
    )
  const isMissing = isRouteErrorResponse(error) && error.status === 404
  return (
    <Empty title={isMissing ? 'There is no such page' : 'This page broke'}>
      <p>{isMissing ? 'The address may be of another release.' : error instanceof Error ? error.message : String(error)}</p>
      <Button onPress={() => location.assign('/admin/')}>Back to the start</Button>
    </Empty>
  )
}
