/** The photo of a product: chosen from this device, made small here, kept on the box. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type ChangeEvent, useState } from 'react'
import { MAX_PHOTO_BYTES } from '#contracts/api/product-photos.ts'
import { send, words } from '#web/api.ts'
import { Photo, photosQuery } from '#web/resources/product-photos.tsx'
import type { Row } from '#web/resources/types.ts'
import { useSession } from '#web/session.tsx'
import { Button } from '#web/ui/button.tsx'
import { Notice } from '#web/ui/notice.tsx'

const LARGEST_SIDE = 320
const QUALITIES = [0.85, 0.6, 0.3]

export function ProductPhoto({ row }: { row: Row }) {
  const { may } = useSession()
  const client = useQueryClient()
  const photos = useQuery(photosQuery)
  const hasOne = photos.data?.items.some(({ productId }) => productId === row.id) ?? false
  const [problem, setProblem] = useState<string | null>(null)
  const path = `/products/${row.id}/photo`
  const change = async (ask: () => Promise<unknown>) => {
    setProblem(null)
    try {
      await ask()
      await client.invalidateQueries(photosQuery)
    } catch (error) {
      setProblem(words(error))
    }
  }
  const choose = ({ target }: ChangeEvent<HTMLInputElement>) => {
    const file = target.files?.[0]
    target.value = ''
    return file ? change(async () => send('PUT', path, { body: await small(file) })) : undefined
  }
  return (
    <div className="body stack">
      {problem && <Notice tone="bad">{problem}</Notice>}
      <Photo productId={String(row.id)} large />
      {may('products:write') && (
        <div className="row wrap">
          <label className="field">
            <span className="label">A picture of it, from any angle that a camera sees</span>
            <input className="input" type="file" accept="image/*" onChange={choose} />
          </label>
          {hasOne && <Button onPress={() => change(() => send('DELETE', path))}>Take it away</Button>}
        </div>
      )}
    </div>
  )
}

/** As a JPEG of few bytes. Throws for what this browser cannot show. */
async function small(file: File): Promise<Blob> {
  const picture = await createImageBitmap(file).catch(() => {
    throw new Error('This browser cannot read that picture: take a JPEG, PNG or WebP.')
  })
  const scale = Math.min(1, LARGEST_SIDE / Math.max(picture.width, picture.height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, Math.round(picture.width * scale))
  canvas.height = Math.max(1, Math.round(picture.height * scale))
  const pen = canvas.getContext('2d')!
  pen.fillStyle = '#fff' // a JPEG knows no transparency
  pen.fillRect(0, 0, canvas.width, canvas.height)
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height)
  for (const quality of QUALITIES) {
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', quality))
    if (blob && blob.size <= MAX_PHOTO_BYTES) return blob
  }
  throw new Error('That picture cannot be made small enough.')
}
