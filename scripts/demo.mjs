/**
 * `npm run demo`: starts examples/06-sync-hash with the Node that runs this, puts a moderate load on it, asks the doctor
 * from outside and says where the page is. Everything it started is ended by pid, on Ctrl-C too. Exits as the doctor did.
 */
import { fork, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const REPO = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const DOCTOR = join(REPO, 'dist/cli/main.js');
const OUT = join(REPO, 'holter-demo');
const DOCTOR_LIMIT_MS = 60_000;
const started = new Set();

function track(child) {
  started.add(child);
  child.once('exit', () => started.delete(child));
  return child;
}

function endAll(signal = 'SIGTERM') {
  for (const child of started) child.kill(signal);
}

function untilListening(child) {
  return new Promise((done, fail) => {
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      out += text;
      const port = /^listening (\d+)/m.exec(out)?.[1];
      if (port !== undefined) done(Number(port));
    });
    // Node's own lines about its inspector would stand in the middle of the diagnosis: kept for the case of failure.
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      err += text;
    });
    child.once('exit', () => fail(new Error(`the example ended before it listened\n${err}`)));
  });
}

function freshFolder() {
  if (!existsSync(OUT)) return OUT;
  for (let n = 2; ; n++) if (!existsSync(`${OUT}-${n}`)) return `${OUT}-${n}`;
}

function page(folder) {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const html = names.find((name) => name.endsWith('.html'));
  return html === undefined ? undefined : join(folder, html);
}

async function main() {
  if (!existsSync(DOCTOR)) throw new Error('dist/cli/main.js is missing: run npm run build');
  const server = track(
    spawn(process.execPath, [join(REPO, 'examples/06-sync-hash/server.js')], {
      env: { ...process.env, PORT: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
  const port = await untilListening(server);
  const url = `http://127.0.0.1:${port}`;
  console.log(
    `A shop runs as pid ${server.pid} on ${url} (examples/06-sync-hash); its users log in and look around.`,
  );

  // About half of what the server can do: an ordinary day, not a stress test.
  const paths = ['/products', '/login', '/products', '/session?id=1'];
  const options = { url, paths, connections: 8, rate: 32, seconds: 120 };
  track(fork(join(REPO, 'scripts/load-child.mjs'), [JSON.stringify(options)], { execArgv: [] }));

  const folder = freshFolder();
  const shown = relative(process.cwd(), folder) || '.';
  console.log(`$ holter doctor ${server.pid} -d 10s -o ${shown}\n`);
  const doctor = track(
    spawn(process.execPath, [DOCTOR, 'doctor', String(server.pid), '-d', '10s', '-o', folder], {
      stdio: 'inherit',
    }),
  );
  const limit = setTimeout(() => doctor.kill('SIGTERM'), DOCTOR_LIMIT_MS);
  const code = await new Promise((done) => doctor.once('exit', (status) => done(status ?? 1)));
  clearTimeout(limit);
  const html = page(folder);
  if (html !== undefined) console.log(`\nThe page, one file that needs no network: ${html}`);
  return code;
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
]) {
  process.on(signal, () => {
    endAll(signal);
    process.exitCode = code;
    // The doctor closes what it opened in the target before it goes; give it that time.
    setTimeout(() => {
      endAll('SIGKILL');
      process.exit(code);
    }, 3_000).unref();
  });
}

try {
  const code = await main();
  process.exitCode ??= code;
} catch (error) {
  console.error(`demo: ${error.message}`);
  process.exitCode = 1;
} finally {
  endAll();
}
