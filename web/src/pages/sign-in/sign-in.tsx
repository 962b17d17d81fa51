/** The way in. Where one wanted to go is where one is afterwards. */
import { type FormEvent, useEffect, useState } from 'react'
import { words } from '#web/api.ts'
import { useSignIn } from '#web/session.tsx'
import { Button } from '#web/ui/button.tsx'
import { Field } from '#web/ui/field.tsx'
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
          <Field label="Username">
            {(wiring) => (
              <input
                {...wiring}
                className="input"
                autoComplete="username"
                autoCapitalize="none"
                required
                value={username}
                onChange={(event) => setUsername(event.target.value)}
              />
            )}
          </Field>
          <Field label="Password">
            {(wiring) => (
              <input
                {...wiring}
                className="input"
                type="password"
                autoComplete="current-password"
                required
                value={password}
                onChange={(event) => setPassword(event.target.value)}
              />
            )}
          </Field>
          <Button type="submit" tone="primary" disabled={busy}>
            Sign in
          </Button>
        </div>
      </form>
    </main>
  )
}
