export interface Route {
  readonly stops: readonly number[];
  readonly cents: number;
}

export function describeRoute(route: Route): string {
  return `${route.stops.join(' - ')}: ${(route.cents / 100).toFixed(2)}`;
}
