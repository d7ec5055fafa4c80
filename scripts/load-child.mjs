/**
 * Puts HTTP load on a URL from a process of its own, so that the load generator never shares an event loop with what
 * measures it. Forked with one argument, the options as JSON: {url, connections, seconds, rate?, method?, body?, bodyBytes?,
 * headers?, paths?, timeout?}. Sends {requests, errors, timeouts, non2xx, p50, p99, rps} back over IPC (times in
 * milliseconds) and exits. SIGTERM or a closed channel ends the load early; only loopback addresses are accepted.
 */
import autocannon from 'autocannon';

const options = JSON.parse(process.argv[2] ?? '{}');
const { hostname } = new URL(options.url);
if (!/^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(hostname)) {
  throw new Error(`load goes to loopback addresses only, not to ${hostname}`);
}

const settings = {
  url: options.url,
  connections: options.connections ?? 10,
  duration: options.seconds ?? 10,
  timeout: options.timeout ?? 10,
  method: options.method ?? 'GET',
};
if (options.rate > 0) {
  settings.overallRate = Math.max(1, Math.round(options.rate));
  // autocannon deals the rate out per connection and needs at least one request a second for each.
  settings.connections = Math.min(settings.connections, settings.overallRate);
}
if (options.body !== undefined) settings.body = options.body;
if (options.bodyBytes > 0) settings.body = 'x'.repeat(options.bodyBytes);
if (options.headers !== undefined) settings.headers = options.headers;
if (Array.isArray(options.paths)) settings.requests = options.paths.map((path) => ({ path }));

const run = autocannon(settings, (error, result) => {
  if (error) throw error;
  const report = {
    requests: result.requests.total,
    errors: result.errors,
    timeouts: result.timeouts,
    non2xx: result.non2xx,
    p50: result.latency.p50,
    p99: result.latency.p99,
    rps: result.requests.average,
  };
  if (!process.send) {
    console.log(JSON.stringify(report));
    return;
  }
  process.send(report, () => process.exit(0));
});
process.on('SIGTERM', () => run.stop());
process.on('disconnect', () => process.exit(0));
