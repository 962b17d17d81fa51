/** The store mode: one tap, and a second one when customers are inside whom it would lock out. */
import { useQueryClient } from '@tanstack/react-query'
import type { StoreInfo, StoreMode } from '#contracts/api/store.ts'
import { ApiProblem, send, words } from '#web/api.ts'
import { ago } from '#web/format.ts'
import { MODES } from '#web/resources/choices.ts'
import { Button } from '#web/ui/button.tsx'
import { useConfirm } from '#web/ui/confirm.tsx'
import { useToast } from '#web/ui/toast.tsx'

const MEANS: Record<string, string> = {
  CUSTOMER_MODE: 'Customers can come in.',
  REFILLMENT_MODE: 'Staff can come in and refill; customers cannot. Nobody is billed for what staff move.',
  MAINTENANCE_MODE: 'Only admins can come in. Everybody inside can leave.'
}

export function ModeSwitch({ store }: { store: StoreInfo }) {
  const confirm = useConfirm()
  const toast = useToast()
  const client = useQueryClient()

  const put = async (mode: StoreMode, force: boolean): Promise<void> => {
    try {
      await send('PUT', '/store/mode', { body: { mode, ...(force && { force }) } })
      await client.invalidateQueries({ queryKey: ['store'] })
    } catch (error) {
      const isGuarded = error instanceof ApiProblem && error.code === 'customers-inside'
      if (!isGuarded) return toast(words(error), 'bad')
      const sure = await confirm({
        title: 'Customers are inside',
        body: `${words(error)} They can still leave, but their visit runs in a store that is closed.`,
        confirm: 'Change all the same',
        tone: 'danger primary'
      })
      if (sure !== null) await put(mode, true)
    }
  }
  const choose = async (mode: StoreMode, label: string) => {
    const inside = store.openVisits === 0 ? 'Nobody is inside.' : `${store.openVisits} inside now.`
    const sure = await confirm({ title: `${label}?`, body: `${MEANS[mode]} ${inside}`, confirm: label })
    if (sure !== null) await put(mode, false)
  }
  return (
    <fieldset className="mode-switch">
      <legend className="visually-hidden">Store mode</legend>
      {MODES.map(({ value, label }) => (
        <Button
          key={value}
          aria-pressed={store.mode === value}
          title={store.mode === value ? `since ${ago(store.modeSince)}` : MEANS[value]}
          onPress={() => (store.mode === value ? undefined : choose(value as StoreMode, label))}
        >
          {label}
        </Button>
      ))}
    </fieldset>
  )
}
