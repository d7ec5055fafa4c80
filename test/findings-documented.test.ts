import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { KIND_WORDS, PROBLEM_WORDS } from '../src/doctor/kind-words.ts';
import { FINDING_KINDS } from '../src/doctor/report.ts';

const text = readFileSync(new URL('../docs/findings.md', import.meta.url), 'utf8');

test('docs/findings.md has one section for each kind, and no others', () => {
  const documented = [...text.matchAll(/^## ([a-z][a-z-]*)$/gm)].map(([, kind]) => kind);
  expect(documented.sort()).toEqual([...FINDING_KINDS].sort());
  expect(Object.keys(KIND_WORDS).sort()).toEqual([...FINDING_KINDS].sort());
});

test('each says how it is decided, from what, what it names, what acquits, and what it cannot see', () => {
  for (const section of text.split(/^## /m).slice(1)) {
    const [kind = ''] = section.split('\n', 1);
    for (const part of ['Decided by', 'Evidence', 'Names', 'Acquits', 'Cannot see'])
      expect(section, `${kind}: ${part}`).toContain(`**${part}**`);
  }
});

test('the six complaints are there in the words of the product', () => {
  const complaints = [...text.matchAll(/^### ([a-z-]+)\n\*([^*]+)\*/gm)].map(
    ([, problem, words]) => [problem, words?.replace(/\n/g, ' ')] as const,
  );
  expect(Object.fromEntries(complaints)).toEqual(PROBLEM_WORDS);
});

test('every kind has a rule', () => {
  const judge = readFileSync(new URL('../src/doctor/judge.ts', import.meta.url), 'utf8');
  for (const kind of FINDING_KINDS) expect(judge).toContain(`./rules/${kind}.ts`);
});
