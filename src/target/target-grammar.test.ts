import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HolterError } from '../base/errors.ts';
import {
  asksForInspector,
  inspectorPort,
  optionValue,
  parseNodeArguments,
  scriptName,
} from './node-arguments.ts';
import { parseTarget, resolveTarget } from './resolve.ts';

describe('parseTarget', () => {
  test.each([
    ['4711', { kind: 'pid', pid: 4711 }],
    [' 4711 ', { kind: 'pid', pid: 4711 }],
    [':3000', { kind: 'port', port: 3000 }],
    ['localhost:9229', { kind: 'inspector', url: 'http://localhost:9229' }],
    ['10.0.0.7:9230', { kind: 'inspector', url: 'http://10.0.0.7:9230' }],
    ['[::1]:9229', { kind: 'inspector', url: 'http://[::1]:9229' }],
    ['ws://127.0.0.1:9229/0b1c', { kind: 'inspector', url: 'ws://127.0.0.1:9229/0b1c' }],
    ['http://host:1', { kind: 'inspector', url: 'http://host:1' }],
    ['api-gateway', { kind: 'name', name: 'api-gateway' }],
    ['server.js', { kind: 'name', name: 'server.js' }],
    ['node app.js', { kind: 'name', name: 'node app.js' }],
    ['my api: v2', { kind: 'name', name: 'my api: v2' }],
  ])('%s', (text, spec) => {
    expect(parseTarget(text)).toEqual(spec);
  });
  test.each(['', '  ', ':0', ':65536', ':99999999', 'host:70000', 'ws://'])('refuses %j', (text) => {
    expect(() => parseTarget(text)).toThrow(expect.objectContaining({ code: 'E_USAGE' }));
  });
  test('any text is a target or a usage error', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseTarget(text);
        } catch (error) {
          expect(error).toBeInstanceOf(HolterError);
        }
      }),
    );
  });
});

describe('resolveTarget', () => {
  test('an inspector address needs no process', async () => {
    expect(await resolveTarget('127.0.0.1:9229')).toEqual({
      kind: 'inspector',
      url: 'http://127.0.0.1:9229',
    });
  });
  test('a pid nobody has', async () => {
    await expect(resolveTarget('4194305')).rejects.toMatchObject({ code: 'E_NO_SUCH_PROCESS', exitCode: 3 });
  });
  test('a name nobody has', async () => {
    await expect(resolveTarget('no-such-app-7f1b')).rejects.toMatchObject({
      code: 'E_NO_MATCH',
      hint: expect.stringContaining('holter ps'),
    });
  });
  test('this very process is found by its pid only, never by a name', async () => {
    expect(await resolveTarget(String(process.pid))).toMatchObject({ kind: 'process', pid: process.pid });
  });
});

describe('node arguments', () => {
  const parse = (text: string, nodeOptions?: string): ReturnType<typeof parseNodeArguments> => {
    return parseNodeArguments(text.split(' '), nodeOptions);
  };
  test.each([
    ['node server.js --port 3000', 'server.js'],
    ['node --inspect=0 -r ./apm.js --max-old-space-size=64 app.mjs', 'app.mjs'],
    ['node --import tsx src/main.ts', 'src/main.ts'],
    ['node -e 1+1', '[eval]'],
    ['node --eval=1', ''],
    ['node -- --odd-name.js', '--odd-name.js'],
    ['node - < x', '-'],
    ['node', ''],
    ['node --unknown-flag app.js', 'app.js'],
  ])('%s runs %j', (text, script) => {
    expect(parse(text).script).toBe(script);
  });
  test('inspector options, from NODE_OPTIONS too; the command line wins', () => {
    expect(inspectorPort(parse('node app.js').options)).toBe(9229);
    expect(inspectorPort(parse('node --inspect-port 9300 app.js').options)).toBe(9300);
    expect(inspectorPort(parse('node --inspect=0.0.0.0:9301 app.js').options)).toBe(9301);
    expect(inspectorPort(parse('node app.js', '--inspect=9302').options)).toBe(9302);
    expect(inspectorPort(parse('node --inspect=9303 app.js', '--inspect=9302').options)).toBe(9303);
    expect(asksForInspector(parse('node --inspect-brk app.js').options)).toBe(true);
    expect(asksForInspector(parse('node --inspect-port=0 app.js').options)).toBe(false);
    expect(asksForInspector(parse('node app.js --inspect').options)).toBe(false);
    expect(optionValue(['--title', 'x', '--title=y'], '--title')).toBe('y');
  });
  test('names people use', () => {
    expect(scriptName('/srv/app/server.js', [])).toBe('server.js');
    expect(scriptName('/srv/orders/index.js', [])).toBe('orders/index.js');
    expect(scriptName('index.mjs', [])).toBe('index.mjs');
    expect(scriptName('/usr/lib/node_modules/npm/bin/npm-cli.js', ['--silent', 'run', 'start', 'x'])).toBe(
      'npm run start',
    );
    expect(scriptName('/app/node_modules/.bin/next', ['start'])).toBe('next');
  });
});
