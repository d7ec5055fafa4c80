type Handler = (params: Record<string, string>) => unknown;

export class Router {
  readonly #routes: { pattern: RegExp; names: string[]; handler: Handler }[] = [];

  add(path: string, handler: Handler): void {
    const names: string[] = [];
    const source = path.replace(/:(\w+)/g, (_, name: string) => {
      names.push(name);
      return '([^/]+)';
    });
    this.#routes.push({ pattern: new RegExp(`^${source}$`), names, handler });
  }

  handle(path: string): unknown {
    for (const { pattern, names, handler } of this.#routes) {
      const match = pattern.exec(path);
      if (match) return handler(Object.fromEntries(names.map((name, i) => [name, match[i + 1] ?? ''])));
    }
    return undefined;
  }
}
