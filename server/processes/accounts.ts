/** manage createsuperuser: an admin account from the command line. */
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { readConfig } from '#server/config.ts'
import { createSuperuser } from '#server/domain/staff/actions.ts'
import { withStore } from './offline.ts'
import { say } from './run.ts'

/** Creates the admin; the password comes from SUPERUSER_PASSWORD or a prompt that does not show it. Throws what the staff room refuses. */
export async function addSuperuser({ username, email }: { username: string; email: string | null }): Promise<void> {
  const password = readConfig().superuserPassword ?? (await ask(`Password for ${username}: `))
  await withStore((ctx) => createSuperuser(ctx, { username, email, password }))
  say(`admin ${username} created`)
}

async function ask(prompt: string): Promise<string> {
  if (process.stdin.isTTY) process.stderr.write(prompt)
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: silent, terminal: process.stdin.isTTY === true })
  for await (const line of lines) {
    lines.close()
    if (process.stdin.isTTY) process.stderr.write('\n')
    return line
  }
  throw new Error('no password: set SUPERUSER_PASSWORD, or type it at the prompt')
}
