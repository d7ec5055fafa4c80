export class Order {
  constructor(id, customer) {
    this.id = id;
    this.customer = customer;
    this.lines = [{ sku: id % 40, pieces: 1 + (id % 3) }];
    this.placedAt = new Date();
  }

  get pieces() {
    return this.lines.reduce((sum, line) => sum + line.pieces, 0);
  }
}
