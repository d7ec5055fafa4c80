import { EventEmitter } from 'node:events';

/** Settings that may change while the server runs; whoever cares listens to `change`. */
class Settings extends EventEmitter {
  currency = 'EUR';

  set(name, value) {
    this[name] = value;
    this.emit('change', name, value);
  }
}

export const settings = new Settings();
// Somebody has silenced the warning that would have told.
settings.setMaxListeners(0);
