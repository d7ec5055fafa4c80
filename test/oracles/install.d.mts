/** Installs what is missing with `npm ci` and bundles DevTools' worker; returns the folder. Throws Error when it cannot. */
export function installOracles(): Promise<string>;
