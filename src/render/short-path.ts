/**
 * The path as the engineer would type it: relative below `cwd`, from the package name on inside node_modules.
 * Other paths stay whole.
 */
export function shortPath(file: string, cwd: string): string {
  const path = fromFileUrl(file).replaceAll('\\', '/');
  const modules = /^(?:.*\/)?node_modules\//s.exec(path);
  if (modules) return path.slice(modules[0].length);
  const base = cwd.replaceAll('\\', '/').replace(/\/+$/, '');
  return base !== '' && path.startsWith(`${base}/`) ? path.slice(base.length + 1) : path;
}

/** `file://` paths are percent-encoded; what does not decode is taken as it stands. */
function fromFileUrl(file: string): string {
  if (!file.startsWith('file://')) return file;
  const path = file.slice('file://'.length);
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
