/**
 * A document as text: two-space indented, with a line break at the end. JSON has no NaN and no Infinity: such numbers
 * become null. Other numbers are rounded to nine significant digits: more is noise of the sums.
 */
export function renderJsonDocument(document: object): string {
  const plain = (_key: string, value: unknown): unknown => {
    if (typeof value !== 'number' || Number.isInteger(value)) return value;
    return Number.isFinite(value) ? Number(value.toPrecision(9)) : null;
  };
  return `${JSON.stringify(document, plain, 2)}\n`;
}
