/** CSV both ways: whatever is written is read back the same, nothing written is a formula, what is malformed is named by its line. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readCsv, writeCsv } from './csv.ts'
import { Invalid } from './errors.ts'

test('any text goes out and comes back the same', () => {
  const cell = fc.oneof(
    fc.string(),
    fc.constantFrom('', '"', ',', '\r\n', '\n', "'", '=1+1', "'=1", '-', '@x', '\tx', '\r', "''=x")
  )
  const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { maxLength: 5 })
  fc.assert(
    fc.property(table, (rows) =>
      assert.deepEqual(
        readCsv(writeCsv(rows)).map((row) => row.cells),
        rows
      )
    )
  )
})

test('no cell of a person’s text begins like a formula', () => {
  for (const text of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1']) assert.match(writeCsv([[text, 'x']]), /^"?'/)
  assert.equal(writeCsv([['a', -5, true, null]]), 'a,-5,true,\r\n')
})

test('line ends, quotes, an empty last cell and a byte order mark are read as RFC 4180 has them', () => {
  const rows = readCsv('\uFEFFa,b\r\n"1, ""x""\ny",2\n\n3,\r\n')
  assert.deepEqual(rows, [
    { line: 1, cells: ['a', 'b'] },
    { line: 2, cells: ['1, "x"\ny', '2'] },
    { line: 5, cells: ['3', ''] }
  ])
})

test('a quote that is not closed, or stands inside a cell, is named by its line', () => {
  for (const text of ['a,b\n1,"2', 'a,b\n1,2"3', 'a,b\n"1"2,3'])
    assert.throws(
      () => readCsv(text),
      (error) => error instanceof Invalid && error.field === 'line 2',
      text
    )
})
