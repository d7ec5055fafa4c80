import { deliver } from './mailbox.js';

async function findAccount(customer) {
  return customer.isGuest ? { number: 0 } : { number: 17, mail: customer.mail };
}

/** An invoice in a moment. Guests have no account, and an account without mail no address. */
export async function sendInvoice(customer) {
  const account = await findAccount(customer);
  setTimeout(deliver, 40, { to: account.mail, text: `invoice for ${account.number}` });
}
