/** One line of an account. */
export class Booking {
  constructor(number, account, cents) {
    this.number = number;
    this.account = account;
    this.cents = cents;
    this.tags = ['replayed', `account ${account}`];
  }
}

/** An account book. Lines come in, are found by their number, and never leave. */
export class Ledger {
  constructor(name) {
    this.name = name;
    this.byNumber = new Map();
  }

  add(booking) {
    this.byNumber.set(booking.number, booking);
  }
}
