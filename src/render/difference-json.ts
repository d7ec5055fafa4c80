import {
  type ChangeLimit,
  type DifferenceInput,
  type DifferenceRow,
  type LimitBreach,
  listBreaches,
  type ProfileDifference,
} from '../cpu/difference.ts';
import { differenceHeadline } from './difference-text.ts';
import { renderJsonDocument } from './json-document.ts';

/** `holter.cpu-diff/1`; each field in words: docs/formats/cpu-json.md. */
export interface DifferenceJson {
  schema: 'holter.cpu-diff/1';
  headline: string;
  normalisation: ProfileDifference['normalisation'];
  unit: ProfileDifference['unit'];
  before: DifferenceInput;
  after: DifferenceInput;
  overall: ProfileDifference['overall'];
  /** Only with a limit. */
  limit?: { relative: number; exceeded: boolean; breaches: LimitBreach[] };
  rows: DifferenceRow[];
  /** Rows there are before the list is cut. */
  rowCount: number;
  notes: string[];
}

const MOST_ROWS = 1000;

/** The `holter.cpu-diff/1` document, `schema` first. z scores and relative changes that are infinite become null. */
export function renderDifferenceJson(
  difference: ProfileDifference,
  options: { failOn?: ChangeLimit } = {},
): string {
  const { normalisation, unit, inputs, overall, rows, notes } = difference;
  const { failOn } = options;
  const breaches = failOn === undefined ? [] : listBreaches(difference, failOn);
  const json: DifferenceJson = {
    schema: 'holter.cpu-diff/1',
    headline: differenceHeadline(difference),
    normalisation,
    unit,
    before: inputs.before,
    after: inputs.after,
    overall,
    ...(failOn === undefined
      ? {}
      : { limit: { relative: failOn.relative, exceeded: breaches.length > 0, breaches } }),
    rows: rows.slice(0, MOST_ROWS),
    rowCount: rows.length,
    notes,
  };
  return renderJsonDocument(json);
}
