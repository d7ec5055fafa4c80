const PATIENCE_MS = 500;

/** Where a parcel is. The carrier does not always answer; then we have waited for nothing. */
export async function findParcel(port) {
  const answer = await fetch(`http://127.0.0.1:${port}/parcel/7`, {
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  return answer.json();
}
