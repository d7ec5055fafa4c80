import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const hash = promisify(scrypt);
const salt = randomBytes(16);
const known = hash('a long enough password', salt, 64);

/** Compares with the hash that is kept. Asynchronous, as everybody advises: it runs on a thread of libuv's pool. */
export async function isRight(password) {
  const given = await hash(password, salt, 64);
  return timingSafeEqual(given, await known);
}
