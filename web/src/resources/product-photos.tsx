/** What products look like: small pictures beside their names. */
import { useQuery } from '@tanstack/react-query'
import type { ProductPhoto } from '#contracts/api/product-photos.ts'
import { get } from '#web/api.ts'
import { useSession } from '#web/session.tsx'

export const photosQuery = {
  queryKey: ['/product-photos'],
  queryFn: () => get<{ items: ProductPhoto[] }>('/product-photos'),
  staleTime: 300_000
}

/** Nothing for a product without a photo. Its name stands beside it. */
export function Photo({ productId, large = false }: { productId: string; large?: boolean }) {
  const { may } = useSession()
  const photos = useQuery({ ...photosQuery, enabled: may('products:read') })
  const url = photos.data?.items.find((photo) => photo.productId === productId)?.url
  return url ? <img className={`photo ${large ? 'large' : ''}`} src={url} alt="" loading="lazy" /> : null
}
