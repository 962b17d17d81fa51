/** Device keys changed by another process (`manage device-key`) reach this one's memory. */
import { reloadMachineKeys } from '#server/domain/iot/actions.ts'
import { loadScannerKeys, loadTrackerKeys } from '#server/domain/user/actions.ts'
import type { Job } from './timetable.ts'

export const reloadDeviceKeysJob: Job = {
  name: 'reload-device-keys',
  everyMs: 2000,
  async run(ctx) {
    await reloadMachineKeys(ctx)
    await loadScannerKeys(ctx)
    await loadTrackerKeys(ctx)
    return 0
  }
}
