import { login } from './auth.js';
import { describe, open } from './session.js';

const products = Array.from({ length: 40 }, (_, id) => ({ id, name: `product ${id}`, cents: 199 + id * 50 }));

export async function route(req) {
  const { pathname, searchParams } = new URL(req.url, 'http://shop');
  if (pathname === '/products') return { status: 200, body: products };
  if (pathname === '/session') return { status: 200, body: describe(searchParams.get('id')) };
  if (pathname === '/login') {
    const user = await login(searchParams.get('user') ?? 'ada', searchParams.get('password') ?? 'lovelace');
    return user ? { status: 200, body: open(user) } : { status: 401, body: { error: 'wrong password' } };
  }
  return { status: 404, body: { error: 'no such page' } };
}
