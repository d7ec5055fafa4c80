import { pbkdf2Sync, timingSafeEqual } from 'node:crypto';

const ROUNDS = 120_000;
const users = new Map([['ada', { name: 'ada', salt: 'a9f3', hash: hashPassword('lovelace', 'a9f3') }]]);

function hashPassword(password, salt) {
  return pbkdf2Sync(password, salt, ROUNDS, 64, 'sha512');
}

export async function login(name, password) {
  const user = users.get(name);
  if (!user) return undefined;
  // `async` does not help: the hash below holds the thread until it is done.
  return timingSafeEqual(hashPassword(password, user.salt), user.hash) ? user : undefined;
}
