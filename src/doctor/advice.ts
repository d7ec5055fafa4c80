import { readFileSync } from 'node:fs';
import type { FindingKind } from './report.ts';

/**
 * Advice texts live in `advice/<kind>.md`, one paragraph per cause, so that they can be read and improved without
 * touching a rule:
 *
 *     Default text with {placeholders}.
 *
 *     ## crypto
 *     Text for this variant.
 *
 * Sentences that hold a placeholder without a value are left out, so one text serves evidence of different depth.
 */
export function adviceFor(
  kind: FindingKind,
  variant: string,
  values: Record<string, string | undefined> = {},
): string {
  const sections = sectionsOf(kind);
  const text = sections.get(variant) ?? sections.get('') ?? '';
  return text
    .split(/(?<=[.!?])\s+/)
    .filter((sentence) =>
      [...sentence.matchAll(/\{(\w+)\}/g)].every(([, name]) => (values[name!] ?? '') !== ''),
    )
    .map((sentence) => sentence.replace(/\{(\w+)\}/g, (_, name: string) => values[name]!))
    .join(' ');
}

/**
 * All that is advised for a kind, for readers without a finding: the default first, then each variant under its name.
 * What only a finding knows stands as its name in angle brackets. '' where the installation is incomplete.
 */
export function helpFor(kind: FindingKind): { variant: string; text: string }[] {
  try {
    return [...sectionsOf(kind)].map(([variant, text]) => ({
      variant,
      text: text.replace(/\{(\w+)\}/g, (_, name: string) => `<${name}>`),
    }));
  } catch {
    return [];
  }
}

const cache = new Map<string, Map<string, string>>();

/** Variant → paragraph; '' is the default. Throws the file system's error when the installation is incomplete. */
function sectionsOf(kind: FindingKind): Map<string, string> {
  const known = cache.get(kind);
  if (known !== undefined) return known;
  const sections = new Map<string, string>();
  // By way of the parent: right from dist/doctor/ and from the bundled command line in dist/cli/ alike.
  const text = readFileSync(new URL(`../doctor/advice/${kind}.md`, import.meta.url), 'utf8');
  for (const part of text.split(/^## /m)) {
    const heading =
      sections.size === 0 && !text.startsWith('## ') ? '' : part.slice(0, part.indexOf('\n')).trim();
    const body = heading === '' ? part : part.slice(part.indexOf('\n'));
    sections.set(heading, body.replace(/\s+/g, ' ').trim());
  }
  cache.set(kind, sections);
  return sections;
}
