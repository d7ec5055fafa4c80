// Third version: both are asked for, at the same time. A small loop is what is left.
import { fetchPrice, fetchStock, formatRows } from './quote.js';
import { serve } from './serve.js';

serve(async function quote(id) {
  const [price, stock] = await Promise.all([fetchPrice(id), fetchStock(id)]);
  return formatRows(price, stock);
});
