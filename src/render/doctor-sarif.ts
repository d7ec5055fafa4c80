import { createHash } from 'node:crypto';
import { isAbsolute, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { helpFor } from '../doctor/advice.ts';
import { KIND_WORDS, PROBLEM_WORDS } from '../doctor/kind-words.ts';
import {
  type DoctorReport,
  FINDING_KINDS,
  type Finding,
  type FindingKind,
  type Severity,
  type Where,
} from '../doctor/report.ts';

export interface DoctorSarifOptions {
  /** Folder that locations are relative to: the repository's root, absolute. */
  root: string;
  /** Version of holter. */
  version: string;
}

const LEVELS = { critical: 'error', warning: 'warning', note: 'note' } as const satisfies Record<
  Severity,
  string
>;

/**
 * The report as SARIF 2.1.0 (OASIS, sarif-schema-2.1.0.json), for code scanning: a rule for each kind of finding with its
 * advice as help, a result for each finding, levels error, warning, note. Locations below the root are relative to
 * `%SRCROOT%`; a finding without a line of the program's points to the program that was started, since code scanning
 * shows nothing without a location.
 */
export function renderDoctorSarif(report: DoctorReport, options: DoctorSarifOptions): string {
  const { window } = report;
  const begun = Date.parse(window.startedAt);
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'holter',
            semanticVersion: options.version,
            rules: FINDING_KINDS.map(buildRule),
          },
        },
        automationDetails: { id: `holter-doctor/${plain(report.target.name)}` },
        originalUriBaseIds: { [ROOT_ID]: { uri: folderUrl(options.root) } },
        columnKind: 'utf16CodeUnits',
        invocations: [
          {
            executionSuccessful: true,
            commandLine: plain(report.target.command),
            ...(Number.isNaN(begun)
              ? {}
              : {
                  startTimeUtc: new Date(begun).toISOString(),
                  endTimeUtc: new Date(begun + window.seconds * 1000).toISOString(),
                }),
            toolExecutionNotifications: [
              ...report.gaps,
              ...FINDING_KINDS.filter((kind) => !report.checked.includes(kind)).map(
                (kind) => `${kind} was not checked: this run has no evidence for it`,
              ),
            ].map((gap) => ({ level: 'note', message: { text: plain(gap) } })),
          },
        ],
        results: report.findings.map((finding) => buildResult(finding, report, options)),
        properties: { verdict: plain(report.verdict), node: report.target.node, checked: report.checked },
      },
    ],
  };
  return `${JSON.stringify(log, withoutNaN, 2)}\n`;
}

const ROOT_ID = '%SRCROOT%';

function buildRule(kind: FindingKind) {
  const help = helpFor(kind);
  return {
    id: kind,
    name: kind.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: KIND_WORDS[kind] },
    fullDescription: { text: KIND_WORDS[kind] },
    ...(help.length === 0
      ? {}
      : {
          help: {
            text: help
              .map(({ variant, text }) => (variant === '' ? text : `${variant}: ${text}`))
              .join('\n\n'),
            markdown: help
              .map(({ variant, text }) => (variant === '' ? quote(text) : `**${variant}**: ${quote(text)}`))
              .join('\n\n'),
          },
        }),
    defaultConfiguration: { level: 'warning' },
    properties: { tags: ['performance', 'reliability'] },
  };
}

function buildResult(finding: Finding, report: DoctorReport, options: DoctorSarifOptions) {
  const { kind, severity, confidence, title, evidence, where, advice, next, problem } = finding;
  const places = where.filter(({ file }) => isFile(file));
  const [first, ...callers] = places.map((place) => locationOf(place, report, options));
  const start = first ?? entryLocation(report, options);
  const message = [title, ...evidence.map((line) => line.text), advice].filter((part) => part !== '');
  const caused = finding.suspended ? ['Suspended until the machine is free.'] : [];
  return {
    ruleId: kind,
    ruleIndex: FINDING_KINDS.indexOf(kind),
    level: LEVELS[severity],
    kind: 'fail',
    rank: Math.round(confidence * 100),
    message: {
      text: plain([...message, ...caused].join('\n')),
    },
    ...(start === undefined ? {} : { locations: [start] }),
    ...(callers.length === 0
      ? {}
      : {
          relatedLocations: callers.map((location, id) => ({
            id: id + 1,
            ...location,
            message: { text: plain(`called by ${callerName(places[id + 1])}`) },
          })),
        }),
    partialFingerprints: { 'holterFinding/v1': fingerprint(kind, places[0]) },
    properties: {
      problem,
      complaint: PROBLEM_WORDS[problem],
      confidence,
      evidence: evidence.map(({ signal, value, unit, limit }) => ({
        signal: plain(signal),
        value,
        unit,
        limit,
      })),
      next: next.map(plain),
    },
  };
}

function callerName(place: Where | undefined): string {
  const name = place?.function ?? '';
  return name === '' || name === '(anonymous)' ? 'an anonymous function' : name;
}

/** Equal for the same trouble in the same function, also when lines above it are edited. */
function fingerprint(kind: FindingKind, place: Where | undefined): string {
  const subject = place === undefined ? kind : `${kind}\n${place.file}\n${place.function}`;
  return createHash('sha256').update(subject).digest('hex').slice(0, 32);
}

function locationOf(place: Where, report: DoctorReport, options: DoctorSarifOptions) {
  const { line, column } = place;
  const name = plain(place.function);
  return {
    physicalLocation: {
      artifactLocation: artifactOf(place.file, report, options),
      ...(line > 0 ? { region: { startLine: line, ...(column > 0 ? { startColumn: column } : {}) } } : {}),
    },
    ...(name === '' ? {} : { logicalLocations: [{ name, kind: 'function' }] }),
  };
}

/** The file the program was started with. */
function entryLocation(report: DoctorReport, options: DoctorSarifOptions) {
  const entry = report.target.command
    .split(/\s+/)
    .find((word, at) => at > 0 && /\.[cm]?[jt]sx?$/.test(word) && !word.startsWith('-'));
  if (entry === undefined) return undefined;
  return {
    physicalLocation: { artifactLocation: artifactOf(entry, report, options), region: { startLine: 1 } },
  };
}

function artifactOf(
  file: string,
  report: DoctorReport,
  { root }: DoctorSarifOptions,
): { uri: string; uriBaseId?: string } {
  const named = plain(file);
  const path = isAbsolute(named) ? named : join(report.target.cwd || root, named);
  const below = relative(root, path);
  if (below !== '' && !below.startsWith('..') && !isAbsolute(below))
    return { uri: below.split('/').map(encodeURIComponent).join('/'), uriBaseId: ROOT_ID };
  return { uri: pathToFileURL(path).href };
}

/** False for Node's own modules, native code and what is no path. */
function isFile(file: string): boolean {
  return file !== '' && !/^[a-z][\w+.-]*:/i.test(file) && !file.includes('\0');
}

function folderUrl(folder: string): string {
  const { href } = pathToFileURL(folder);
  return href.endsWith('/') ? href : `${href}/`;
}

// A name may bring an escape sequence to whoever prints it.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const UNPRINTABLE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]|\p{Surrogate}/gu;

/** Text of the target's as a message holds it: no control characters, no half surrogates. */
function plain(value: string): string {
  return value.replace(UNPRINTABLE, '\ufffd');
}

/** In Markdown `<name>` would be a tag. */
function quote(value: string): string {
  return value.replace(/[<>]/g, (letter) => (letter === '<' ? '&lt;' : '&gt;'));
}

function withoutNaN(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? null : value;
}
