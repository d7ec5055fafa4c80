/** Today's rates, asked again for every request. */
export async function readRates(port) {
  const answer = await fetch(`http://127.0.0.1:${port}/rates`);
  return answer.json();
}
