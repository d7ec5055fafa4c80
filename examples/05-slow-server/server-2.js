// Second version: the larger half is asked for instead of worked out.
import { computePrice, fetchStock, formatRows } from './quote.js';
import { serve } from './serve.js';

serve(async function quote(id) {
  const stock = await fetchStock(id);
  return formatRows(computePrice(id), stock);
});
