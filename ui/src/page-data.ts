import type { DoctorPage, PageData } from '../../src/render/page-data.ts';
import { readPageData } from './page-data-block.ts';

/** Says in the page itself why there is nothing to see; whoever opened it does not look into a console. */
function explain(problem: unknown): never {
  const place = document.getElementById('page')!;
  const text = document.createElement('p');
  text.className = 'page-problem';
  text.setAttribute('role', 'alert');
  text.textContent = problem instanceof Error ? problem.message : String(problem);
  place.replaceChildren(text);
  throw problem;
}

/** The document this page shows; it never changes. Modules that import it wait until it is there. */
export const data: PageData = await readPageData().catch(explain);

/** The same for panels that only a page of `holter doctor` has. */
export function doctorPage(): DoctorPage {
  if (data.kind !== 'doctor') throw new Error('not a page of holter doctor');
  return data;
}

/** Length of the time axis of a doctor's page in ms; of others that of their longest profile. */
export function windowMs(): number {
  if (data.kind === 'doctor')
    return 1000 * Math.max(data.requestedSeconds, data.report.window.seconds, 0.001);
  return data.profiles.reduce((longest, one) => Math.max(longest, one.to), 0.001);
}
