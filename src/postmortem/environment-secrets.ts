/** Names of variables whose values are not for others. */
const SECRET =
  /pass(?:word|wd|phrase)?$|pass_|secret|token|credential|cookie|session|private|api_?key|access_?key|(?:^|_)(?:key|auth|pwd|dsn|salt|signature)(?:$|_)/i;
/** `postgres://user:password@host`. */
const IN_URL = /(:\/\/[^\s/:@]*):[^\s/@]+@/g;

/** `NAME=value` with the value masked where its name or its form says that it is a secret. */
export function maskSecret(variable: string): string {
  const equals = variable.indexOf('=');
  if (equals < 0) return variable;
  const name = variable.slice(0, equals);
  const value = variable.slice(equals + 1);
  // The working directory is called PWD.
  if (value !== '' && !/^(?:OLD)?PWD$/.test(name) && SECRET.test(name)) return `${name}=***`;
  return `${name}=${value.replace(IN_URL, '$1:***@')}`;
}
