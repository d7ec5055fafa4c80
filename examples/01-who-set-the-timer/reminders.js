import { deliver } from './mailbox.js';

/** A reminder for a cart that was left. */
export function remind(customer) {
  setTimeout(deliver, 40, { to: customer.mail, text: 'your cart is waiting' });
}
