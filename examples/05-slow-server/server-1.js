// First version: everything in the request, one after the other, on the only thread there is.
import { computePrice, countStock, formatRows } from './quote.js';
import { serve } from './serve.js';

serve(function quote(id) {
  return formatRows(computePrice(id), countStock(id));
});
