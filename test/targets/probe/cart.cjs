exports.total = function total(list) {
  return list.reduce((sum, one) => sum + one, 0);
};
exports.Cart = class Cart {
  #items = [];
  add(item) {
    this.#items.push(item);
    return this.#items.length;
  }
};
