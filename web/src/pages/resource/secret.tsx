/** A secret that is shown this once: to copy, or to scan with the device's set-up. */
import { Button } from '#web/ui/button.tsx'
import { Dialog } from '#web/ui/dialog.tsx'
import { Notice } from '#web/ui/notice.tsx'
import { QrCode } from '#web/ui/qr.tsx'
import { useToast } from '#web/ui/toast.tsx'

type Props = { title: string; value: unknown; onClose: () => void }

export function Secret({ title, value, onClose }: Props) {
  const toast = useToast()
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => toast('Copied'),
      () => toast('This browser does not let the page copy: select it by hand', 'fair')
    )
  const done = (
    <Button tone="primary" onPress={onClose}>
      I have kept it
    </Button>
  )
  return (
    <Dialog title={`The key of ${title}`} onClose={onClose} footer={done}>
      <Notice tone="fair">It is shown this once: lost, it can only be replaced.</Notice>
      <div className="row">
        <code className="secret grow">{text}</code>
        <Button icon="copy" aria-label="Copy" onPress={copy} />
      </div>
      {text.length < 400 && <QrCode text={text} label="The key as a QR code" />}
    </Dialog>
  )
}
