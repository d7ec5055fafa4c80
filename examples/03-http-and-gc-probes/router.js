import { product, report } from './handlers.js';

const ROUTES = [
  { method: 'GET', pattern: /^\/products\/\d+$/, handler: product },
  { method: 'GET', pattern: /^\/report$/, handler: report },
];

// An ES module: its importers see the probed function, because their binding is live.
export function findRoute(method, pathname) {
  return ROUTES.find((route) => route.method === method && route.pattern.test(pathname));
}
