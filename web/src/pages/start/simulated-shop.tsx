/** For who only wants to look: a simulated shop moves into this store while it is empty; otherwise the command that starts one elsewhere. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import type { SimulatedShopState } from '#contracts/api/simulated-shop.ts'
import { get, send, words } from '#web/api.ts'
import { ago } from '#web/format.ts'
import { useSession, useStore } from '#web/session.tsx'
import { Button } from '#web/ui/button.tsx'
import { useConfirm } from '#web/ui/confirm.tsx'
import { Notice } from '#web/ui/notice.tsx'
import { Card } from '#web/ui/page.tsx'
import { useToast } from '#web/ui/toast.tsx'

const COMMAND = 'npm run demo'
const OFTEN_MS = 5000

export function SimulatedShop() {
  const { may } = useSession()
  const store = useStore().data
  const mayMoveIn = store !== undefined && (store.isEmpty || store.simulatedSince !== null)
  return (
    <Card title="Only looking?">
      <div className="body stack">{may('simulated-shop:run') && mayMoveIn ? <MoveIn /> : <Elsewhere />}</div>
    </Card>
  )
}

function MoveIn() {
  const client = useQueryClient()
  const confirm = useConfirm()
  const toast = useToast()
  const shop = useQuery({
    queryKey: ['/simulated-shop'],
    queryFn: () => get<SimulatedShopState>('/simulated-shop'),
    refetchInterval: OFTEN_MS
  })
  const ask = async (method: 'POST' | 'DELETE') => {
    try {
      client.setQueryData(['/simulated-shop'], await send<SimulatedShopState>(method, '/simulated-shop'))
      await client.invalidateQueries({ queryKey: ['store'] })
    } catch (error) {
      toast(words(error), 'bad')
    }
  }
  const start = async () => {
    const isMeant = await confirm({
      title: 'Start the simulated shop in this store?',
      body: 'It onboards machines, scanners, cameras and products of its own and lets shoppers in. What they do stays in this store’s books for good: for a real store, begin again with an empty data folder.',
      confirm: 'Start it'
    })
    if (isMeant !== null) await ask('POST')
  }
  if (shop.data?.startedAt)
    return (
      <div className="row wrap">
        <p className="grow">The simulated shop is open, since {ago(shop.data.startedAt)}. Nothing in this store is real.</p>
        <Button onPress={() => ask('DELETE')}>Stop it</Button>
      </div>
    )
  return (
    <>
      {shop.data?.endedFor && <Notice tone="fair">The simulated shop has ended: {shop.data.endedFor}</Notice>}
      <div className="row wrap">
        <p className="grow soft">Machines, doors, cameras and shoppers that are simulated use this store as real ones would.</p>
        <Button icon="play" onPress={start}>
          Start the simulated shop instead
        </Button>
      </div>
    </>
  )
}

function Elsewhere() {
  const toast = useToast()
  const copy = () =>
    navigator.clipboard.writeText(COMMAND).then(
      () => toast('Copied'),
      () => toast('This browser does not let the page copy: select it by hand', 'fair')
    )
  return (
    <div className="row wrap">
      <p className="grow soft">
        <code>{COMMAND}</code> starts the same software with a simulated store, in a data folder of its own.
      </p>
      <Button icon="copy" onPress={copy}>
        Copy
      </Button>
    </div>
  )
}
