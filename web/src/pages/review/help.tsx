/** The map of the keys. */
import { Button } from '#web/ui/button.tsx'
import { Dialog } from '#web/ui/dialog.tsx'
import { type Key, nameOfKey } from './keys.ts'

export function Help({ keys, onClose }: { keys: Key[]; onClose: () => void }) {
  const close = (
    <Button tone="primary" onPress={onClose}>
      Close
    </Button>
  )
  return (
    <Dialog title="Keys" wide onClose={onClose} footer={close}>
      <div className="keys">
        {[...Map.groupBy(keys, ({ group }) => group ?? 'More')].map(([group, own]) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {own.map(({ keys: names, label }) => (
                <div key={label}>
                  <dt>
                    {names.map((name) => (
                      <kbd key={name}>{nameOfKey(name)}</kbd>
                    ))}
                  </dt>
                  <dd>{label}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  )
}
