// The page of a large profile: what it weighs, how soon Chromium shows it, and frame times of panning and zooming.
// usage: node bench/page.mjs [opens=5] [seconds=60] [hz=10000] [nodes=60000]      needs: npm run build, /usr/bin/chromium
// Open time: from the start of the navigation to the second frame after the flame graph is painted, fresh contexts.
// Frame times: intervals of requestAnimationFrame while every frame pans or zooms; 16.7 ms is the step of the screen.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { readCpuProfile } from '../dist/cpu/cpuprofile.js';
import { buildPageProfile } from '../dist/render/build-page-data.js';
import { renderHtmlPage } from '../dist/render/html-page.js';
import { writeSyntheticProfile } from './synthetic-profile.mjs';

const usual = [5, 60, 10_000, 60_000];
const [opens, seconds, hz, nodes] = usual.map((value, i) => Number(process.argv[2 + i] ?? value));
const FRAMES = 150;
const WANTED_BOXES = 4000;
const sorted = (values) => [...values].sort((a, b) => a - b);
const at = (values, share) => sorted(values)[Math.min(values.length - 1, Math.floor(values.length * share))];
const text = (value) => value.toFixed(1).padStart(8);

const folder = mkdtempSync(join(tmpdir(), 'holter-bench-page-'));
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  const written = writeSyntheticProfile(join(folder, 'big.cpuprofile'), { seconds, hz, nodes });
  const tree = readCpuProfile(readFileSync(written.path));
  const began = performance.now();
  const profile = buildPageProfile('main thread', tree, { cwd: '/srv/app' });
  const built = performance.now();
  const html = renderHtmlPage({
    schema: 'holter.page/2',
    kind: 'profile',
    subject: { verb: 'cpu', name: 'big.cpuprofile', detail: '' },
    holter: 'bench',
    recording: 'big.cpuprofile',
    recordingBytes: written.bytes,
    profiles: [profile],
    sources: {},
    headline: 'A large profile',
    details: [],
    facts: [],
    warnings: [],
    next: [],
  });
  const rendered = performance.now();
  const path = join(folder, 'page.html');
  writeFileSync(path, html);
  console.log(
    `profile    ${(written.bytes / 1e6).toFixed(1)} MB, ${written.samples} samples, ${written.nodes} nodes (${tree.length} in the tree)`,
  );
  console.log(`page       ${(html.length / 1e6).toFixed(2)} MB`);
  console.log(
    `build      ${(built - began).toFixed(0)} ms data, ${(rendered - built).toFixed(0)} ms packing`,
  );
  const times = [];
  for (let i = 0; i < opens; i++) times.push(await openTime(path));
  console.log(
    `open       ${at(times, 0.5).toFixed(0)} ms median, ${Math.max(...times).toFixed(0)} ms longest of ${opens}`,
  );
  console.log('\nframes                         boxes   p50 ms   p95 ms   max ms   script p95 ms');
  for (const scheme of ['light', 'dark']) {
    for (const wanted of [WANTED_BOXES, 1e6]) {
      await measure(path, scheme, 'flame', '', wanted);
      await measure(path, scheme, 'chart', '#w=chart', wanted);
    }
  }
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}

async function openTime(path) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.goto(pathToFileURL(path).href, { waitUntil: 'commit' });
  const time = await page.evaluate(`new Promise((resolve) => {
    const look = () => {
      const canvas = document.querySelector('.flame-scroll canvas');
      if (!(Number(canvas?.dataset.boxes) > 0)) return requestAnimationFrame(look);
      requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now())));
    };
    look();
  })`);
  await page.close();
  return time;
}

/** Goes where at least as many boxes as wanted are to be seen, or the most there are, and moves there. */
async function measure(path, colorScheme, view, hash, wanted) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme });
  await page.goto(pathToFileURL(path).href + hash);
  await page.locator('.flame-scroll canvas').waitFor();
  await page.evaluate("document.querySelector('.flame-scroll').scrollIntoView()");
  for (const gesture of ['zoom', 'pan']) {
    const { intervals, scripts, boxes } = await page.evaluate(
      `(${gestures})(${JSON.stringify({ gesture, frames: FRAMES, wanted })})`,
    );
    console.log(
      `${`${view} ${gesture}, ${colorScheme}`.padEnd(28)}${String(boxes).padStart(8)} ${text(at(intervals, 0.5))} ${text(at(intervals, 0.95))} ${text(Math.max(...intervals))}        ${text(at(scripts, 0.95))}`,
    );
  }
  await page.close();
}

/** Runs in the page. A frame = one wheel or drag event before it, as a hand would make it. */
function gestures({ gesture, frames, wanted }) {
  const area = document.querySelector('.flame-scroll');
  const canvas = area.querySelector('canvas');
  const box = area.getBoundingClientRect();
  const boxes = () => Number(canvas.dataset.boxes ?? 0);
  const wheel = (x, delta) =>
    area.dispatchEvent(
      new WheelEvent('wheel', {
        deltaY: delta,
        ctrlKey: true,
        clientX: box.left + x,
        bubbles: true,
        cancelable: true,
      }),
    );
  const pointer = (type, x) =>
    area.dispatchEvent(
      new PointerEvent(type, {
        clientX: x,
        clientY: box.top + 60,
        button: 0,
        buttons: 1,
        pointerId: 1,
        bubbles: true,
      }),
    );
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  area.setPointerCapture = () => {};
  return (async () => {
    // Scroll to where there are as many boxes as wanted or little more, else to the densest rows.
    let best = { y: area.scrollTop, boxes: boxes() };
    for (let y = 0; gesture === 'zoom' && y <= area.scrollHeight - area.clientHeight; y += 40) {
      area.scrollTop = y;
      await frame();
      await frame();
      const here = { y, boxes: boxes() };
      const enough = best.boxes >= wanted;
      if (here.boxes >= wanted ? !enough || here.boxes < best.boxes : here.boxes > best.boxes) best = here;
    }
    area.scrollTop = best.y;
    await frame();
    await frame();
    const intervals = [];
    const scripts = [];
    const seen = [];
    let last = await frame();
    let x = box.left + box.width / 2;
    if (gesture === 'pan') pointer('pointerdown', x);
    for (let i = 0; i < frames; i++) {
      x += i % 60 < 30 ? -9 : 9;
      if (gesture === 'pan') pointer('pointermove', x);
      else wheel(box.width * 0.5, i % 40 < 20 ? -12 : 12);
      // The painting itself runs in the next animation frame, before this one's callback: both are timed.
      const now = await frame();
      scripts.push(performance.now() - now);
      intervals.push(now - last);
      last = now;
      seen.push(boxes());
    }
    if (gesture === 'pan') pointer('pointerup', x);
    return { intervals, scripts, boxes: seen.sort((a, b) => a - b)[seen.length >> 1] };
  })();
}
