import { describe, expect, it } from 'vitest';
import { drawDocument, LOGIN_TREE, MANIFEST } from './cpu-document.fixture.ts';
import { type CpuJson, renderCpuJson } from './cpu-json.ts';

describe('renderCpuJson', () => {
  it('is one document, schema first', async () => {
    const text = renderCpuJson(drawDocument(LOGIN_TREE, { manifest: MANIFEST }));
    await expect(text).toMatchFileSnapshot('golden/cpu.json');
    expect(text.startsWith('{\n  "schema": "holter.cpu/1"')).toBe(true);
    expect(text.endsWith('}\n')).toBe(true);
  });

  it('says what terminal and Markdown say', () => {
    const json = JSON.parse(renderCpuJson(drawDocument(LOGIN_TREE))) as CpuJson;
    expect(json.headline).toBe(
      'hashPassword takes 91 % of the busy time, 98 % of that in pbkdf2Sync (app/auth.js:8)',
    );
    const [main] = json.profiles;
    expect(main!.user[0]).toMatchObject({
      name: 'hashPassword',
      file: '/srv/api/app/auth.js',
      line: 6,
      charged: 840_000,
    });
    expect(main!.paths[0]!.steps[main!.paths[0]!.at]!.name).toBe('hashPassword');
    expect(json.target).toBeUndefined();
  });
});
