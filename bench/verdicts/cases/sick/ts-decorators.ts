// holter-expect {"kind":"event-loop-blocked","functions":["quote","PricingService.quote","volatility"],"line":35,"lines":[32,33,34,35,36,40,41,42],"load":{"path":"/quote","connections":5}}
import { createServer } from 'node:http';

type Constructor<T> = new (...args: never[]) => T;
const registry = new Map<unknown, unknown>();

function Injectable<T>(target: Constructor<T>): void {
  registry.set(target, undefined);
}

function Logged(_target: object, _key: string, descriptor: PropertyDescriptor): void {
  const inner = descriptor.value as (...args: unknown[]) => unknown;
  descriptor.value = function (this: unknown, ...args: unknown[]): unknown {
    return inner.apply(this, args);
  };
}

enum Model {
  Flat,
  Walk,
}

@Injectable
class PricingService {
  constructor(
    private readonly steps: number,
    protected readonly model: Model = Model.Walk,
  ) {}

  @Logged
  quote(seed: number): number {
    let price = 100;
    for (let step = 0; step < this.steps; step++) {
      const drift: number = this.model === Model.Walk ? this.volatility(seed + step) : 0;
      price += drift * Math.sqrt(step) * 1e-6;
    }
    return price;
  }

  private volatility(n: number): number {
    return Math.sin(n) * Math.exp(-Math.abs(Math.cos(n)));
  }
}

const service = new PricingService(1_500_000);
const server = createServer((req, res) => {
  res.end(String(service.quote(req.url?.length ?? 1)));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${(server.address() as { port: number }).port}`);
});
