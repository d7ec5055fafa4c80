/**
 * The address in a script's last `//# sourceMappingURL=` comment (also the older `//@` and the block form), or
 * undefined. Format: ECMA-426 §11.1.2. A mention inside a string in the middle of the code is not a comment at a
 * line's start and is passed over.
 */
export function findSourceMapUrl(text: string): string | undefined {
  let at = text.length;
  for (let tries = 0; tries < 8; tries++) {
    at = text.lastIndexOf('sourceMappingURL=', at - 1);
    if (at < 0) return undefined;
    const before = text.slice(Math.max(0, at - 8), at);
    if (/\/[/*][#@][ \t]+$/.test(before)) {
      // Texts inside a data URL may hold quotes; a name may not (ECMA-426).
      const end = text.startsWith('data:', at + 'sourceMappingURL='.length) ? /\s|$/g : /[\s'"*]|$/g;
      end.lastIndex = at + 'sourceMappingURL='.length;
      const url = text.slice(at + 'sourceMappingURL='.length, end.exec(text)?.index ?? text.length);
      if (url !== '') return url;
    }
    if (at === 0) return undefined;
  }
  return undefined;
}

/** JSON text inside a `data:` URL (base64 or percent-encoded), or undefined when it is none or broken. */
export function readDataUrl(url: string): string | undefined {
  const parts = /^data:([^,]*),/.exec(url);
  if (parts === null) return undefined;
  const body = url.slice(parts[0].length);
  if (/;base64$/i.test(parts[1]!)) return Buffer.from(body, 'base64').toString('utf8');
  try {
    return decodeURIComponent(body);
  } catch {
    return body;
  }
}
