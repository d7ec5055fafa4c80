/** The next day that falls on `weekday` (0 Sunday … 6 Saturday). Nobody checked what 7 does. */
export function nextBackup(from, weekday) {
  const day = new Date(from);
  do {
    day.setUTCDate(day.getUTCDate() + 1);
    if (Number.isNaN(day.getTime())) day.setTime(from.getTime());
  } while (day.getUTCDay() !== weekday);
  return day;
}
