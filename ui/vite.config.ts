import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const sha256 = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/**
 * One HTML file out of vite's html + js + css: both are inlined, and a content security policy names them by hash, so
 * that nothing else, above all no function name of a target, can run. The data block is no script and needs no hash.
 */
function oneFile(): Plugin {
  return {
    name: 'holter-one-file',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const files = Object.values(bundle);
        const css = files
          .filter((file) => file.type === 'asset' && file.fileName.endsWith('.css'))
          .map((file) => String((file as { source: string | Uint8Array }).source).trim());
        const js = files.map((file) => (file.type === 'chunk' ? file.code : '')).join('');
        const page = files.find((file) => file.type === 'asset' && file.fileName.endsWith('.html'));
        if (page?.type !== 'asset') throw new Error('vite produced no html');
        // A `</script` inside a string of the bundle would end the element.
        const script = js
          .trim()
          .replace(/<\/script/gi, '<\\/script')
          .replace(/<!--/g, '<\\!--');
        const style = css.join('\n');
        const policy = `default-src 'none'; script-src ${sha256(script)}; style-src ${sha256(style)}; img-src data:; base-uri 'none'; form-action 'none'`;
        const html = String(page.source)
          .replace(/\s*<script type="module"[^>]*><\/script>/g, '')
          .replace(/\s*<link rel="stylesheet"[^>]*>/g, '')
          .replace(
            '<meta charset="utf-8" />',
            (tag) => `${tag}\n    <meta http-equiv="Content-Security-Policy" content="${policy}" />`,
          )
          .replace('</head>', () => `<style>${style}</style>\n  </head>`)
          .replace('</body>', () => `<script type="module">${script}</script>\n  </body>`);
        for (const name of Object.keys(bundle)) delete bundle[name];
        this.emitFile({ type: 'asset', fileName: 'page.html', source: html });
      },
    },
  };
}

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../dist/ui',
    emptyOutDir: false,
    cssCodeSplit: false,
    assetsInlineLimit: Number.MAX_SAFE_INTEGER,
    modulePreload: false,
    target: 'es2022',
    reportCompressedSize: false,
  },
  plugins: [oneFile()],
});
