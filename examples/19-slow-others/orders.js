/** The orders of a customer: one question, 120 ms, because nobody made an index. */
export function listOrders(database) {
  return database.query('120 select * from orders');
}
