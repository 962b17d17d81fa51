/** The file that holds an access key: its id on the first line and its secret on the second, or as `aws_access_key_id = …` and so on. */

export type AccessKey = { accessKeyId: string; secretAccessKey: string }

const NAMED = /^aws_(access_key_id|secret_access_key)\s*=\s*/

/** The key that the text of such a file holds; null when it is none. Empty lines, `#` comments and `[sections]` are passed over. */
export function parseAccessKey(text: string): AccessKey | null {
  const lines = text.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !/^[#[]/.test(line)) // biome-ignore format: one thought
  const named = new Map(lines.flatMap((line) => (NAMED.test(line) ? [[NAMED.exec(line)![1]!, line.replace(NAMED, '')]] : [])))
  const [accessKeyId, secretAccessKey] =
    named.size > 0 ? [named.get('access_key_id'), named.get('secret_access_key')] : lines.length === 2 ? lines : []
  const isWord = (word: string | undefined): word is string => word !== undefined && /^[\x21-\x7e]{1,256}$/.test(word)
  return isWord(accessKeyId) && isWord(secretAccessKey) ? { accessKeyId, secretAccessKey } : null
}
