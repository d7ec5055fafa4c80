import type { Blame } from '../cpu/blame.ts';
import type { Evidence } from './evidence.ts';
import { blamedText } from './finding.ts';

/** What a synchronous call spends its time on, as far as it changes the advice. */
export type SyncCause =
  | 'crypto'
  | 'zlib'
  | 'fs'
  | 'child-process'
  | 'json'
  | 'regexp'
  | 'sort'
  | 'dependency'
  | 'javascript';

/**
 * From the callee first; builtins leave no frame in a V8 profile (`JSON.parse`, `RegExp`), so the blamed line's text
 * tells those.
 */
export function syncCauseOf(evidence: Evidence, blame: Blame): SyncCause {
  const { callee } = blame;
  const file = callee?.file ?? '';
  if (/^node:(internal\/)?crypto/.test(file)) return 'crypto';
  if (/^node:(internal\/)?zlib/.test(file)) return 'zlib';
  if (/^node:(internal\/)?fs/.test(file)) return 'fs';
  if (/^node:(internal\/)?child_process/.test(file)) return 'child-process';
  if (callee !== undefined && (callee.function.startsWith('RegExp:') || /^RegExp\b/.test(callee.function))) {
    return 'regexp';
  }
  const text = blamedText(evidence, blame);
  if (/\b(pbkdf2|scrypt|randomBytes|generateKeyPair|hkdf|generatePrime)Sync\b/.test(text)) return 'crypto';
  if (/\b(gzip|gunzip|deflate|inflate|brotliCompress|brotliDecompress|unzip)(Raw)?Sync\b/.test(text))
    return 'zlib';
  if (/\b(exec|execFile|spawn)Sync\b/.test(text)) return 'child-process';
  if (/\b(read|write|append|copy|rm|stat|readdir|exists|open|cp)\w*Sync\b/.test(text)) return 'fs';
  if (/\bJSON\s*\.\s*(parse|stringify)\b|\bstructuredClone\b/.test(text)) return 'json';
  if (
    /\.(test|exec|match|matchAll|replace|replaceAll|search|split)\s*\(\s*\/|\/[gimsuy]*\s*\.(test|exec)\s*\(/.test(
      text,
    )
  ) {
    return 'regexp';
  }
  if (/\b\w*(regexp?|rx|pattern|matcher)\w*\.(test|exec)\s*\(/i.test(text)) return 'regexp';
  if (/\.(sort|toSorted)\s*\(/.test(text)) return 'sort';
  if (blame.party === 'dependency' || callee?.party === 'dependency') return 'dependency';
  return 'javascript';
}

/** A word for it in a sentence: `hashPassword … spends it in pbkdf2Sync`. '' when the function's own code is meant. */
export function causeWords(blame: Blame, cause: SyncCause): string {
  const { callee } = blame;
  if (cause === 'regexp') return 'a regular expression';
  if (callee === undefined || callee.function === '' || callee.function.startsWith('(')) return '';
  return callee.package === '' || callee.package === 'node'
    ? callee.function
    : `${callee.function} of ${callee.package}`;
}
