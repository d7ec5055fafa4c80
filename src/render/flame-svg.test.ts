import { describe, expect, it } from 'vitest';
import { CallTreeBuilder, type FrameInfo, ROOT_FRAME } from '../cpu/call-tree-builder.ts';
import { profileFromText } from '../cpu/text-profile.fixture.ts';
import { renderFlameSvg } from './flame-svg.ts';

const TREE = profileFromText(`
  (idle) x50   main@/srv/shop/server.js:1 x10   main@/srv/shop/server.js:1                    (garbage collector) x10
                                                parse@/srv/shop/node_modules/@a/b/i.js:2 x30
`);

describe('renderFlameSvg', () => {
  it('shows names, places, shares and a legend', () => {
    const svg = renderFlameSvg(TREE, { title: 'shop (4711)', subtitle: '100 ms', cwd: '/srv/shop' });
    expect(svg).toContain('<title>main\nserver.js:1\n40 ms, 40.0 %; itself 10 ms</title>');
    expect(svg).toContain('<title>parse\n@a/b/i.js:2\n30 ms, 30.0 %; itself 30 ms</title>');
    expect(svg).toMatch(
      />parse <tspan class="place">@a\/b\/i\.js:2<\/tspan><\/text><text class="share"[^>]*>30\.0 %</,
    );
    for (const text of [
      'your code 10.0 %',
      'dependencies 30.0 %',
      'garbage collection 10.0 %',
      'idle 50.0 %',
    ])
      expect(svg).toContain(`>${text}<`);
    expect(svg).not.toContain('kernel 0');
  });

  it('leaves idle time out when asked to, and says so', () => {
    const svg = renderFlameSvg(TREE, { title: 'x', hideIdle: true });
    expect(svg).toContain('Idle time (50 ms) is left out.');
    expect(svg).not.toContain('(idle)');
    expect(svg).toContain('dependencies 60.0 %');
  });

  it('speaks of bytes and samples', () => {
    const text = 'a@/a.js:1 x3   b@/b.js:1 x1';
    expect(renderFlameSvg(profileFromText(text, { unit: 'bytes' }), { title: 'x' })).toContain(
      '3.1 kB, 75.0 %',
    );
    expect(renderFlameSvg(profileFromText(text, { unit: 'samples' }), { title: 'x' })).toContain(
      'samples, 75.0 %',
    );
    expect(
      renderFlameSvg(profileFromText(text), { title: 'x', unitText: (weight) => `${weight} W` }),
    ).toContain('3000 W, 75.0 %');
  });

  it('keeps hostile names text', () => {
    const hostile = `]]></title></style><script>alert(1)</script><a xlink:href="javascript:1">&amp;'"\u0000\u001b[31m\u202e\ud800\uffff`;
    const builder = new CallTreeBuilder('microseconds');
    const frame: FrameInfo = {
      ...ROOT_FRAME,
      name: hostile,
      file: `/x/${hostile}.js`,
      line: 1,
      category: 'js',
      party: 'user',
    };
    builder.addSelf(builder.child(0, builder.frameRow(frame)), 1000);
    const tree = builder.finish({ from: 0, to: 1, partial: hostile });
    const svg = renderFlameSvg(tree, { title: hostile, subtitle: hostile });
    expect(svg).not.toMatch(/<script|<a |<\/style>.*<\/style>/s);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what XML 1.0 does not allow
    expect(svg).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u202e\ufffe\uffff]/);
    // Lone surrogates would not survive this.
    expect(Buffer.from(svg).toString()).toBe(svg);
    expect(svg).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  });

  it('bounds depth, with a note', () => {
    const cells = Array.from({ length: 10_000 }, (_, depth) => `f${depth}@/x.js:1`);
    const svg = renderFlameSvg(profileFromText(cells.join('\n')), { title: 'deep' });
    expect(svg).toContain('Stacks go deeper than 180 levels');
    expect(svg).toContain('>f179 <');
    expect(svg).not.toContain('f180');
  });

  it('bounds size: every node of 60 000 wide enough to be drawn, with long names', () => {
    const builder = new CallTreeBuilder('samples');
    for (let at = 0; at < 600; at++) {
      let node = 0;
      for (let depth = 0; depth < 100; depth++) {
        const name = `a rather long function name ${'x'.repeat(150)} ${at} ${depth}`;
        node = builder.child(
          node,
          builder.frameRow({
            ...ROOT_FRAME,
            name,
            file: `/srv/${name}.js`,
            line: depth,
            category: 'js',
            party: 'user',
          }),
        );
      }
      builder.addSelf(node, 1 + (at % 3));
    }
    const svg = renderFlameSvg(builder.finish({ from: 0, to: 0 }), { title: 'big' });
    expect(svg.length).toBeLessThan(2_000_000);
    expect(svg).toContain('>all');
  });
});
