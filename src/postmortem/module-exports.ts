import { objectTableEntries } from './collections.ts';
import { cellValue } from './object-properties.ts';
import { hasType, isHeapObject, isString, wordAt } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';
import { textOf } from './v8-strings.ts';
import { valueFields } from './value-fields.ts';

/** What a module exports, by name in the order of its namespace (alphabetic), with the tagged words of the values. */
export function moduleExports(v8: V8Reader, namespace: number): { name: string; word: number }[] {
  const fields = valueFields(v8.layout);
  const module = wordAt(v8, namespace, fields.namespaceModule);
  if (!isHeapObject(module)) return [];
  const exports: { name: string; word: number }[] = [];
  for (const { key, value } of objectTableEntries(v8, wordAt(v8, module, fields.module.exports))) {
    // Until a module is linked, or where an export is another module's, something else than a cell stands here.
    if (isString(v8, key) && hasType(v8, value, 'CELL_TYPE'))
      exports.push({ name: textOf(v8, key), word: cellValue(v8, value) });
  }
  return exports.sort((a, b) => (a.name < b.name ? -1 : 1));
}
