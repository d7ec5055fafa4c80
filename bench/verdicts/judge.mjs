import { basename } from 'node:path';

/**
 * Compares a report with what is known of the case; `source` is the name of the file it is written in. Result, best first: `right` (kind and line), `kind` (right kind,
 * other line or function), `wrong`, `silent`; for healthy cases `quiet` or `false alarm`; `failed` without a report.
 */
export function judge(expect, report, { neighbour = false, source = '' } = {}) {
  if (!report?.findings) return { result: 'failed', detail: '' };
  const findings = report.findings.filter((finding) => !finding.suspended);
  if (expect.kind === 'healthy') {
    const allowed = new Set([...(expect.also ?? []), ...(neighbour ? ['cpu-starved'] : [])]);
    const alarms = findings.filter((finding) => !allowed.has(finding.kind));
    return alarms.length === 0
      ? { result: 'quiet', detail: findings.map((finding) => finding.kind).join(' ') }
      : { result: 'false alarm', detail: alarms.map(describe).join('; ') };
  }
  if (findings.length === 0) return { result: 'silent', detail: report.verdict ?? '' };
  const first = findings[0];
  if (![expect.kind, ...(expect.kinds ?? [])].includes(first.kind)) {
    const later = findings.some((finding) => finding.kind === expect.kind) ? ', right one further down' : '';
    return { result: 'wrong', detail: `${describe(first)}${later}` };
  }
  const where = first.where[0];
  const known = new Set([expect.kind, ...(expect.kinds ?? []), ...(expect.also ?? [])]);
  const extra = findings.filter((finding) => !known.has(finding.kind)).map((finding) => finding.kind);
  const detail = `${describe(first)}${extra.length > 0 ? ` + ${extra.join(' ')}` : ''}`;
  return { result: placeIsRight(expect, where, source) ? 'right' : 'kind', detail };
}

function placeIsRight(expect, where, source) {
  const functions = expect.functions ?? (expect.function ? [expect.function] : []);
  const lines = expect.lines ?? (expect.line ? [expect.line] : []);
  if (functions.length === 0 && lines.length === 0) return true;
  if (!where) return false;
  // A line only counts in its own file: the source, not what was compiled from it.
  if (lines.length > 0 && basename(where.file) !== (expect.file ?? source)) return false;
  // V8 writes methods as `Class.method`, `get total`, `async handler`; the last word is the name in the source.
  const name = where.function.split(/[\s.#]+/).at(-1);
  const named = functions.length === 0 || functions.some((known) => known.split(/[.#\s]+/).at(-1) === name);
  return lines.length === 0 ? named : lines.includes(where.line);
}

function describe(finding) {
  const where = finding.where[0];
  const place = where ? ` ${where.function || '(anonymous)'} ${basename(where.file)}:${where.line}` : '';
  return `${finding.kind} ${finding.confidence ?? ''}${place}`;
}
