/** The command line: `npm run manage -- COMMAND`. Each command is one line here. */
import { parseArgs } from 'node:util'
import { ConfigError } from '#server/config.ts'
import { Invalid, NotFound, Refused } from '#server/platform/errors.ts'

class Usage extends Error {}
type Command = { usage: string; does: string; run: (args: string[]) => Promise<unknown> }

const text = { type: 'string' } as const

const COMMANDS: Record<string, Command> = {
  migrate: {
    usage: 'migrate',
    does: 'bring the database up to date',
    run: async () =>
      (await import('#server/processes/offline.ts')).withStore(async () => void (await print('the database is up to date')))
  },
  createsuperuser: {
    usage: 'createsuperuser --username U [--email E]',
    does: 'add an admin (password from a prompt, or SUPERUSER_PASSWORD)',
    run: async (args) => {
      const { username, email } = parseArgs({ args, options: { username: text, email: text } }).values
      if (!username) throw new Usage('--username is missing')
      await (await import('#server/processes/accounts.ts')).addSuperuser({ username, email: email ?? null })
    }
  },
  runserver: { usage: 'runserver', does: 'the server, as `npm start`', run: () => import('#server/processes/store.ts') },
  replay: {
    usage: 'replay FILE… [--json] | replay --compare --set NAME=VALUE',
    does: 'run recorded heartbeats through the same code, into a scratch database, and print what comes out; or what a setting would change',
    run: async (args) => {
      if (args.includes('--compare')) return (await import('#server/processes/compare.ts')).compareSettings(args)
      const { values, positionals } = parseArgs({ args, options: { json: { type: 'boolean' } }, allowPositionals: true })
      if (positionals.length === 0) throw new Usage('name at least one file')
      await (await import('#server/processes/replay.ts')).replayFiles(positionals, { json: values.json === true })
    }
  },
  'device-key': {
    usage: 'device-key machine|scanner ID',
    does: 'make a new device key, printed once; the old one ends',
    run: async ([kind, id]) => {
      if ((kind !== 'machine' && kind !== 'scanner') || !id) throw new Usage('name machine or scanner, and its id')
      await (await import('#server/processes/keys.ts')).newDeviceKey(kind, id)
    }
  },
  'qr-key': {
    usage: 'qr-key add [JWK] | list | remove KID',
    does: 'the keys that may sign QR codes',
    run: async ([verb, argument]) => {
      if (!['add', 'list', 'remove'].includes(verb ?? '') || (verb === 'remove' && !argument))
        throw new Usage('add, list, or remove with a key id')
      await (await import('#server/processes/keys.ts')).qrKey(verb!, argument)
    }
  },
  backup: {
    usage: 'backup DIR',
    does: 'write everything the store knows into a new folder, while it works (BACKUP_PASSPHRASE encrypts it)',
    run: async ([dir]) => {
      if (!dir) throw new Usage('name a folder that is empty or does not exist')
      await (await import('#server/processes/backup.ts')).backUp(dir)
    }
  },
  restore: {
    usage: 'restore DIR [--check | --replace STORE_ID]',
    does: 'make a backup this store, which must be empty or be named; --check only looks at the backup',
    run: async (args) => {
      const options = { check: { type: 'boolean' }, replace: text } as const
      const { values, positionals } = parseArgs({ args, options, allowPositionals: true })
      if (positionals.length !== 1) throw new Usage('name the folder of one backup')
      const how = { replace: values.replace ?? null, checkOnly: values.check === true }
      await (await import('#server/processes/restore.ts')).restore(positionals[0]!, how)
    }
  },
  clips: {
    usage: 'clips --dry-run',
    does: 'which videos would go now, and why: nothing is removed',
    run: async (args) => {
      const { values } = parseArgs({ args, options: { 'dry-run': { type: 'boolean' } } })
      if (!values['dry-run']) throw new Usage('the server removes old videos by itself; --dry-run shows which would go now')
      await (await import('#server/processes/clips.ts')).showRemovals()
    }
  },
  'forget-user': {
    usage: 'forget-user ID [--unsettled]',
    does: "take a person out of the store's records; visits, tickets and carts stay without him",
    run: async (args) => {
      const { values, positionals } = parseArgs({ args, options: { unsettled: { type: 'boolean' } }, allowPositionals: true })
      if (positionals.length !== 1) throw new Usage('name one user by id')
      await (await import('#server/processes/forget-user.ts')).forget(positionals[0]!, { unsettled: values.unsettled === true })
    }
  },
  'export-user': {
    usage: 'export-user ID FILE',
    does: 'write everything the store knows of a user into a new file, as JSON',
    run: async ([id, file]) => {
      if (!id || !file) throw new Usage('name a user by id, and a file that does not exist')
      await (await import('#server/processes/forget-user.ts')).exportUser(id, file)
    }
  },
  ready: {
    usage: 'ready [--wait SECONDS]',
    does: 'is the server ready? waits so long for it',
    run: async (args) => {
      const { wait = '0' } = parseArgs({ args, options: { wait: text } }).values
      if (!/^\d{1,4}$/.test(wait)) throw new Usage('--wait takes seconds')
      await (await import('#server/processes/update-ready.ts')).untilReady(Number(wait))
    }
  },
  help: { usage: 'help', does: 'this list', run: async () => print(help()) }
}

const print = (line: string) => new Promise<void>((resolve) => process.stdout.write(`${line}\n`, () => resolve()))

function help(): string {
  const rows = Object.values(COMMANDS).map(({ usage, does }) => `  ${usage.padEnd(42)} ${does}`)
  return ['npm run manage -- COMMAND', '', ...rows, '', 'Settings come from the environment or a .env file; see README.md.'].join(
    '\n'
  )
}

async function main([name = 'help', ...args]: string[]): Promise<void> {
  const command = COMMANDS[name] ?? (['--help', '-h'].includes(name) ? COMMANDS.help : undefined)
  if (!command) throw new Usage(`there is no command "${name}"`)
  try {
    await command.run(args)
  } catch (error) {
    if (error instanceof Usage || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS'))
      throw new Usage(`${(error as Error).message}\nusage: ${command.usage}`)
    throw error
  }
}

/** What a person can put right is one line; anything else comes with its stack. */
const isPlain = (error: unknown): error is Error =>
  [Usage, ConfigError, Invalid, NotFound, Refused, SyntaxError].some((kind) => error instanceof kind) ||
  (error as { code?: string })?.code === 'ENOENT' ||
  exitCodeOf(error) !== 1
const exitCodeOf = (error: unknown): number => (error as { exitCode?: number }).exitCode ?? 1

try {
  await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(
    `${isPlain(error) ? error.message : ((error as Error).stack ?? error)}${error instanceof Usage ? '\n`npm run manage -- help` lists the commands' : ''}\n`
  )
  process.exitCode = exitCodeOf(error)
}
