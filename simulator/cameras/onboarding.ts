/** Mounts the fake shop's cameras in a store through its API. Done twice, it only tells the store where their streams are now. */
import type { StaffApi } from '#simulator/api.ts'
import type { MountedCamera } from './cameras.ts'

/** Throws ApiError when the store refuses one. */
export async function onboardCameras(api: StaffApi, cameras: MountedCamera[]): Promise<void> {
  const known = await api.all<{ id: string; name: string; tag: string }>('/cameras')
  for (const { name, tag, streamUrl, machineIds } of cameras) {
    const old = known.find((camera) => camera.name === name && camera.tag === tag)
    if (old) await api.call('PATCH', `/cameras/${old.id}`, { streamUrl, machineIds, enabled: true })
    else await api.call('POST', '/cameras', { name, tag, streamUrl, machineIds })
  }
}
