/** Sessions of a shop. `end` forgets to take a session out of the list by user, unless SESSIONS_FIXED is set. */
export class Session {
  constructor(id, user) {
    this.id = id;
    this.user = user;
    this.basket = [];
  }
}

export class SessionStore {
  sessions = new Map();
  byUser = [];

  begin(id, user) {
    const session = new Session(id, user);
    this.sessions.set(id, session);
    this.byUser.push(session);
    return session;
  }

  end(id) {
    const session = this.sessions.get(id);
    this.sessions.delete(id);
    if (process.env.SESSIONS_FIXED) this.byUser.splice(this.byUser.indexOf(session), 1);
  }
}
