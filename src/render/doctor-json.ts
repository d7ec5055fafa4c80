import type { DoctorReport } from '../doctor/report.ts';

/**
 * The `holter.doctor/1` document, `schema` first, two-space indented, with a line break at the end. JSON has no NaN:
 * such numbers become null.
 */
export function renderDoctorJson(report: DoctorReport): string {
  const { schema, ...rest } = report;
  const plain = (_key: string, value: unknown): unknown =>
    typeof value === 'number' && !Number.isFinite(value) ? null : value;
  return `${JSON.stringify({ schema, ...rest }, plain, 2)}\n`;
}
