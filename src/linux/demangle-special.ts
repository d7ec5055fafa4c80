import { type Cursor, MALFORMED } from './demangle-cursor.ts';
import { readTemplateArgument } from './demangle-expression.ts';
import { readEncoding, readName, readSourceName } from './demangle-name.ts';
import { type Node, node } from './demangle-node.ts';
import { readType } from './demangle-type.ts';

/** Made for a type. */
const OF_TYPE: Record<string, string> = {
  V: 'vtable for ',
  T: 'VTT for ',
  I: 'typeinfo for ',
  S: 'typeinfo name for ',
  F: 'typeinfo fn for ',
  J: 'java Class for ',
};

/** Made for a thing that has a name. */
const OF_NAME: Record<string, string> = {
  H: 'TLS init function for ',
  W: 'TLS wrapper function for ',
};

/** `<special-name>`: what a compiler makes for a class, a function or a variable. */
export function readSpecialName(cursor: Cursor): Node {
  cursor.enter();
  const special = cursor.take('T') ? readOfT(cursor) : readOfG(cursor);
  cursor.leave();
  return special;
}

function readOfT(cursor: Cursor): Node {
  const { letter } = cursor;
  cursor.at++;
  const ofType = OF_TYPE[letter];
  if (ofType !== undefined) return node('special', ofType, readType(cursor));
  const ofName = OF_NAME[letter];
  if (ofName !== undefined) return node('special', ofName, readName(cursor));
  switch (letter) {
    case 'A':
      return node('special', 'template parameter object for ', readTemplateArgument(cursor));
    case 'h':
      readOffset(cursor, 'h');
      return node('special', 'non-virtual thunk to ', readEncoding(cursor));
    case 'v':
      readOffset(cursor, 'v');
      return node('special', 'virtual thunk to ', readEncoding(cursor));
    case 'c':
      for (let count = 0; count < 2; count++) {
        const kind = cursor.letter;
        cursor.at++;
        readOffset(cursor, kind);
      }
      return node('special', 'covariant return thunk to ', readEncoding(cursor));
    case 'C': {
      const derived = readType(cursor);
      cursor.number();
      cursor.expect('_');
      return node('construction-vtable', '', derived, readType(cursor));
    }
    default:
      throw MALFORMED;
  }
}

/** `<call-offset>` after its letter: of no interest to people. */
function readOffset(cursor: Cursor, kind: string): void {
  if (kind !== 'h' && kind !== 'v') throw MALFORMED;
  cursor.number();
  cursor.expect('_');
  if (kind === 'h') return;
  cursor.number();
  cursor.expect('_');
}

function readOfG(cursor: Cursor): Node {
  cursor.expect('G');
  const { letter } = cursor;
  cursor.at++;
  switch (letter) {
    case 'V':
      return node('special', 'guard variable for ', readName(cursor));
    case 'R': {
      const of = readName(cursor);
      const number = cursor.digits();
      cursor.take('_');
      return node('reference-temporary', '', of, undefined, [], Math.max(number, 0));
    }
    case 'A':
      return node('special', 'hidden alias for ', readEncoding(cursor));
    case 'I':
      return node('special', 'initializer for module ', readModule(cursor));
    case 'T':
      if (cursor.take('n')) return node('special', 'non-transaction clone for ', readEncoding(cursor));
      cursor.expect('t');
      return node('special', 'transaction clone for ', readEncoding(cursor));
    default:
      throw MALFORMED;
  }
}

function readModule(cursor: Cursor): Node {
  let text = '';
  while (cursor.take('W')) {
    const separator = cursor.take('P') ? ':' : text === '' ? '' : '.';
    text += separator + readSourceName(cursor).text;
  }
  if (text === '') throw MALFORMED;
  return node('name', text);
}
