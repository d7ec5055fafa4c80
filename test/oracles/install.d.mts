/** Installs what is missing with `npm ci`; returns the folder. Throws Error when it cannot. */
export function installOracles(): string;
