import { describe, expect, it } from 'vitest';
import { FINDING_KINDS } from '../doctor/report.ts';
import { drawFinding, drawReport, HOSTILE } from './doctor-ci.fixture.ts';
import { renderDoctorSarif } from './doctor-sarif.ts';

const render = (report: Parameters<typeof renderDoctorSarif>[0], root = '/srv/api') => {
  const text = renderDoctorSarif(report, { root, version: '1.2.3' });
  return { text, run: JSON.parse(text).runs[0] };
};

describe('SARIF', () => {
  it('has a rule for each kind, with help and a sentence', () => {
    const { run } = render(drawReport([]));
    expect(run.tool.driver.rules.map(({ id }: { id: string }) => id)).toEqual([...FINDING_KINDS]);
    for (const rule of run.tool.driver.rules) {
      expect(rule.shortDescription.text).toMatch(/\.$/);
      expect(rule.help?.text.length, rule.id).toBeGreaterThan(20);
      expect(rule.help.markdown).not.toMatch(/<\w/);
    }
    expect(run.results).toEqual([]);
  });

  it('places a finding relative to the root, its callers as related locations', () => {
    const { run } = render(drawReport([drawFinding()]));
    const [result] = run.results;
    expect(result).toMatchObject({ ruleId: 'cpu-bound', level: 'error', rank: 91 });
    expect(FINDING_KINDS[result.ruleIndex]).toBe('cpu-bound');
    expect(result.locations[0].physicalLocation).toEqual({
      artifactLocation: { uri: 'src/with%20space%23.js', uriBaseId: '%SRCROOT%' },
      region: { startLine: 41, startColumn: 7 },
    });
    expect(result.relatedLocations.map(({ id }: { id: number }) => id)).toEqual([1]);
    expect(run.originalUriBaseIds['%SRCROOT%'].uri).toBe('file:///srv/api/');
    expect(result.message.text).toContain('hash takes 80 %');
  });

  it('counts from the root of the repository where the program runs below it', () => {
    const { run } = render(drawReport([drawFinding()]), '/srv');
    expect(run.results[0].locations[0].physicalLocation.artifactLocation.uri).toBe(
      'api/src/with%20space%23.js',
    );
  });

  it('names files outside of the root in full', () => {
    const place = { ...drawFinding().where[0]!, file: '/opt/lib/x.js' };
    const { run } = render(drawReport([drawFinding({ where: [place] })]));
    expect(run.results[0].locations[0].physicalLocation.artifactLocation).toEqual({
      uri: 'file:///opt/lib/x.js',
    });
  });

  it('points to the program where no line of it is known', () => {
    const core = { ...drawFinding().where[0]!, file: 'node:internal/crypto/pbkdf2' };
    for (const where of [[], [core]]) {
      const { run } = render(drawReport([drawFinding({ where })]));
      expect(run.results[0].locations[0].physicalLocation.artifactLocation.uri).toBe('server.js');
    }
  });

  it('keeps the fingerprint when lines move, and not when the function changes', () => {
    const print = (change: object): string => {
      const where = [{ ...drawFinding().where[0]!, ...change }];
      const { run } = render(drawReport([drawFinding({ where })]));
      return run.results[0].partialFingerprints['holterFinding/v1'];
    };
    expect(print({ line: 99 })).toBe(print({}));
    expect(print({ function: 'other' })).not.toBe(print({}));
  });

  it('says what was not checked, and what is not known', () => {
    const { run } = render({ ...drawReport([]), checked: ['cpu-bound'], gaps: ['no inside view'] });
    const texts = run.invocations[0].toolExecutionNotifications.map(
      ({ message }: { message: { text: string } }) => message.text,
    );
    expect(texts).toContain('no inside view');
    expect(texts).toHaveLength(FINDING_KINDS.length);
  });

  it('survives hostile names and numbers', () => {
    const { text, run } = render(
      drawReport([
        drawFinding({
          title: HOSTILE,
          where: [
            {
              ...drawFinding().where[0]!,
              function: HOSTILE,
              file: `${HOSTILE.replace('\0', '')}.js`,
              line: Number.NaN,
            },
          ],
          evidence: [{ ...drawFinding().evidence[0]!, value: Number.NaN }],
        }),
      ]),
    );
    expect(text).not.toContain('\\u001b');
    expect(run.results[0].properties.evidence[0].value).toBeNull();
    expect(run.results[0].locations[0].physicalLocation.region).toBeUndefined();
  });
});
