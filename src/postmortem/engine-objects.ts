import { classNameOf, engineClassOf } from './class-of.ts';
import { readVariables } from './closure-variables.ts';
import { sharedPlace } from './function-values.ts';
import { storedElements } from './object-elements.ts';
import { field, hasType, isContext, isScript, isSharedFunctionInfo } from './v8-objects.ts';
import { textOf } from './v8-strings.ts';
import type { ObjectValue } from './value.ts';
import { internalProperty, numberValue, type ValueWalk } from './value-walk.ts';

/**
 * Objects that no program ever sees: V8's own. Their class is named; of those that lead somewhere useful what they hold:
 * variables of contexts, elements of arrays, the value in a cell, name and place of a function.
 */
export function readEngineObject(walk: ValueWalk, address: number, depth: number): ObjectValue {
  const { v8, limits } = walk;
  const object: ObjectValue = {
    type: 'object',
    address,
    kind: 'internal',
    className: engineClassOf(v8, address),
  };
  if (depth > 0) object.properties = [];
  if (isContext(v8, address)) readContext(walk, object, depth);
  else if (isSharedFunctionInfo(v8, address)) {
    const place = sharedPlace(v8, address);
    object.text = place.name;
    if (place.text !== '') object.place = place.text;
  } else if (isScript(v8, address)) object.text = textOf(v8, field(v8, address, 'Script.name'));
  else if (hasType(v8, address, 'MAP_TYPE')) object.text = mapText(walk, address);
  else if (/^(Weak|Trusted|Protected)?Fixed(Double)?Array$/.test(object.className)) {
    const elements = storedElements(
      v8,
      address,
      Number.POSITIVE_INFINITY,
      depth > 0 ? limits.mostElements : 0,
    );
    object.length = elements.count;
    for (const { index, word, double } of elements.list) {
      const value = double === undefined ? walk.value(word, depth - 1) : numberValue(double);
      object.properties?.push({ key: String(index), kind: 'element', value });
    }
  } else if (depth > 0) readParts(walk, object, depth);
  return object;
}

function readContext(walk: ValueWalk, object: ObjectValue, depth: number): void {
  object.kind = 'context';
  object.className = 'Context';
  const variables = readVariables(walk.v8, object.address);
  const scope = variables[0]?.depth === 0 ? variables[0].scope : '';
  if (scope !== '') object.text = scope;
  if (depth === 0) return;
  const most = walk.limits.mostProperties;
  for (const variable of variables.slice(0, most)) {
    const value =
      variable.double === undefined ? walk.value(variable.word, depth - 1) : numberValue(variable.double);
    object.properties!.push({ key: variable.name, kind: 'variable', value });
  }
  if (variables.length > most) object.propertyCount = variables.length;
}

/** Parts of small objects that hold one thing or two. */
const PARTS: Readonly<Record<string, readonly (readonly [type: string, field: string])[]>> = {
  CELL_TYPE: [['value', 'Cell.value']],
  PROPERTY_CELL_TYPE: [
    ['name', 'PropertyCell.name'],
    ['value', 'PropertyCell.value'],
  ],
  ACCESSOR_PAIR_TYPE: [
    ['getter', 'AccessorPair.getter'],
    ['setter', 'AccessorPair.setter'],
  ],
  FEEDBACK_CELL_TYPE: [['value', 'FeedbackCell.value']],
  PROMISE_CAPABILITY_TYPE: [['promise', 'PromiseCapability.promise']],
};

function readParts(walk: ValueWalk, object: ObjectValue, depth: number): void {
  for (const [type, parts] of Object.entries(PARTS)) {
    if (!hasType(walk.v8, object.address, type)) continue;
    for (const [name, at] of parts) {
      object.properties!.push(
        internalProperty(name, walk.value(field(walk.v8, object.address, at), depth - 1)),
      );
    }
  }
}

/** Of which class objects with this map are. */
function mapText(walk: ValueWalk, map: number): string {
  return `of ${classNameOf(walk.v8, map)}`;
}
