import { randomUUID } from 'node:crypto';

const LIMIT = 1_000;
const sessions = new Map();

export function open(user) {
  const session = { id: randomUUID(), user: user.name, opened: new Date().toISOString() };
  sessions.set(session.id, session);
  // Oldest first out, so that this module never becomes the leak of another example.
  if (sessions.size > LIMIT) sessions.delete(sessions.keys().next().value);
  return session;
}

export function describe(id) {
  return sessions.get(id) ?? { error: 'no session' };
}
