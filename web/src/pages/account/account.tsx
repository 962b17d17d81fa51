/** One's own account: what it may do, and its password. */
import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { Link } from 'react-router'
import { ApiProblem, send, words } from '#web/api.ts'
import { useSession } from '#web/session.tsx'
import { Button } from '#web/ui/button.tsx'
import { TextField } from '#web/ui/field.tsx'
import { Notice } from '#web/ui/notice.tsx'
import { Card, Page } from '#web/ui/page.tsx'

export function Account() {
  const { account } = useSession()
  const client = useQueryClient()
  const [currentPassword, setCurrent] = useState('')
  const [password, setPassword] = useState('')
  const [problem, setProblem] = useState<ApiProblem | Error | null>(null)
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setProblem(null)
    try {
      await send('PUT', '/auth/password', { body: { currentPassword, password } })
      client.setQueryData(['me'], null)
    } catch (error) {
      setProblem(error as Error)
    }
  }
  const wrong = (field: string, code: string) =>
    problem instanceof ApiProblem && (problem.code === code || (problem.code === 'invalid' && problem.field === field))
      ? problem.message
      : null
  return (
    <Page title={account.username} above="Your account">
      <Card title="What you may do">
        <div className="body stack">
          <dl className="facts">
            <div>
              <dt>Role</dt>
              <dd>{account.role}</dd>
            </div>
            <div>
              <dt>E-mail</dt>
              <dd>{account.email ?? '–'}</dd>
            </div>
          </dl>
          <p className="soft">
            Programs that act for you sign in with <Link to="/api-tokens">API tokens</Link>.
          </p>
        </div>
      </Card>
      <Card title="Set a new password">
        <form className="body stack form" onSubmit={submit}>
          {problem && !(problem instanceof ApiProblem && problem.field) && <Notice tone="bad">{words(problem)}</Notice>}
          <TextField
            label="Current password"
            error={wrong('currentPassword', 'wrong-password')}
            type="password"
            autoComplete="current-password"
            value={currentPassword}
            onChange={setCurrent}
          />
          <TextField
            label="New password"
            help="At least 8 characters, none of the common ones. Every sign-in of yours ends, this one too."
            error={wrong('password', 'weak-password')}
            type="password"
            autoComplete="new-password"
            minLength={8}
            value={password}
            onChange={setPassword}
          />
          <div>
            <Button type="submit" tone="primary">
              Set password
            </Button>
          </div>
        </form>
      </Card>
    </Page>
  )
}
