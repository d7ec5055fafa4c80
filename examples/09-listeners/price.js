import { settings } from './settings.js';

/** Price of a product as text; follows the settings while the answer is being written. */
export function priceFor(product, res) {
  const view = { product, text: '' };
  const render = () => {
    view.text = `${(product.cents / 100).toFixed(2)} ${settings.currency}`;
  };
  render();
  settings.on('change', function onCurrencyChange() {
    render();
    if (!res.writableEnded) res.write(`${view.text}\n`);
  });
  return view;
}
