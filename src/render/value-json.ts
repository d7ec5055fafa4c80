import type { Property, Value } from '../postmortem/value.ts';
import { hexAddress } from './value-text.ts';

/**
 * A value for JSON (docs/formats/stack-json.md): as in postmortem/value.ts, but addresses are hexadecimal text, and numbers that
 * JSON has not (NaN, ±Infinity, −0) come as `text` beside a null. Iterative depth is that of the model.
 */
export function buildJsonValue(value: Value): object {
  switch (value.type) {
    case 'number':
      return Number.isFinite(value.value) && !Object.is(value.value, -0)
        ? value
        : { type: 'number', value: null, text: Object.is(value.value, -0) ? '-0' : String(value.value) };
    case 'string':
      return { ...value, address: hexAddress(value.address), isCut: value.text.length < value.length };
    case 'symbol':
    case 'unreadable':
      return { ...value, address: hexAddress(value.address) };
    case 'object': {
      const { properties, ...rest } = value;
      return {
        ...rest,
        address: hexAddress(value.address),
        ...(properties === undefined ? {} : { properties: properties.map(jsonProperty) }),
      };
    }
    default:
      return value;
  }
}

function jsonProperty({ keyValue, get, set, value, ...rest }: Property): object {
  return {
    ...rest,
    ...(keyValue === undefined ? {} : { keyValue: buildJsonValue(keyValue) }),
    ...(get === undefined ? {} : { get: buildJsonValue(get) }),
    ...(set === undefined ? {} : { set: buildJsonValue(set) }),
    ...(value === undefined ? {} : { value: buildJsonValue(value) }),
  };
}
