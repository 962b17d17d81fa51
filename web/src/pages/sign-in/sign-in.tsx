/** The way in. Where one wanted to go is where one is afterwards. */
import { type FormEvent, useEffect, useState } from 'react'
import { words } from '#web/api.ts'
import { useSignIn } from '#web/session.tsx'
import { Button } from '#web/ui/button.tsx'
import { TextField } from '#web/ui/field.tsx'
import { Notice } from '#web/ui/notice.tsx'
import './sign-in.css'

export function SignIn() {
  const signIn = useSignIn()
  const [username, setUsername] = useState('')
  const [password, setPassword] = useState('')
  const [problem, setProblem] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  useEffect(() => {
    document.title = 'Sign in · niflr-edge-store'
  }, [])
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setProblem(null)
    await signIn(username.trim(), password).catch((error) => {
      setProblem(words(error))
      setBusy(false)
    })
  }
  return (
    <main className="sign-in">
      <form className="card" onSubmit={submit}>
        <div className="body stack">
          <img src="/admin/icon.svg" alt="" width="40" height="40" />
          <div>
            <h1>Sign in</h1>
            <p className="soft">niflr-edge-store, the box of this store</p>
          </div>
          {problem && <Notice tone="bad">{problem}</Notice>}
          <TextField label="Username" autoComplete="username" autoCapitalize="none" value={username} onChange={setUsername} />
          <TextField label="Password" type="password" autoComplete="current-password" value={password} onChange={setPassword} />
          <Button type="submit" tone="primary" disabled={busy}>
            Sign in
          </Button>
        </div>
      </form>
    </main>
  )
}
