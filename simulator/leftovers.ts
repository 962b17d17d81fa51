/** Simulated people who were still inside when a former run ended leave before the shop opens again. */
import type { DoorAnswer } from '#contracts/api/entry.ts'
import type { Visit } from '#contracts/api/visits.ts'
import type { StaffApi } from './api.ts'
import type { Onboarded } from './onboarding.ts'
import { phoneOf, SIMULATED_USER } from './people.ts'

type Leaving = { baseUrl: string; onboarded: Onboarded; say: (line: string) => void }

/** Shows an exit code for each of them at the first exit. People who are not simulated stay. */
export async function sendHome(api: StaffApi, { baseUrl, onboarded, say }: Leaving): Promise<void> {
  const exit = Object.values(onboarded.scanners).find((s) => s.tag === 'EXIT')
  const visits = await api.all<Visit>('/visits?open=true')
  for (const { id: visitId, userId, role } of visits.filter((v) => v.userId.startsWith(SIMULATED_USER))) {
    const iat = Math.floor(Date.now() / 1000)
    const claims = {
      id: userId,
      role,
      phoneNumber: phoneOf(userId),
      jti: `leftover-${visitId}-${iat}`,
      iat,
      exp: iat + 60,
      aud: onboarded.storeId
    }
    const headers = { authorization: `Bearer ${exit?.deviceKey}`, 'content-type': 'application/json' }
    const body = JSON.stringify({ token: await onboarded.key.sign(claims) })
    const answer = await fetch(new URL('/exit-control/', baseUrl), {
      method: 'POST',
      headers,
      body,
      signal: AbortSignal.timeout(10_000)
    })
    const { status } = (await answer.json()) as DoorAnswer
    say(`somebody left over from a former run ${status === 'success' ? 'leaves' : 'cannot leave'}`)
  }
}
