import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { judge } from '../doctor/judge.ts';
import { readEvidence } from '../doctor/read-evidence.ts';
import { openRecording } from '../recording/read-recording.ts';
import { writePageFile } from '../recording/write-recording.ts';
import { buildPageData } from '../render/build-page-data.ts';
import { renderHtmlPage } from '../render/html-page.ts';
import { openInBrowser } from './browser.ts';
import { print } from './outcome.ts';
import { HOLTER_VERSION } from './version.ts';

export function registerOpen(program: Command): void {
  program
    .command('open')
    .summary('open a recording in the page')
    .description('Makes the page of a recording anew and opens it in the browser; prints its path.')
    .argument('<recording>', 'folder written by holter doctor')
    .option('-o, --out <file>', 'write the page here (default: doctor.html in the recording)')
    .addHelpText('after', '\nExamples:\n  holter open ./evidence\n  holter open ./evidence -o /tmp/page.html')
    .action(async (folder: string, options: { out?: string }) => {
      const recording = await openRecording(folder);
      const { evidence, problems } = await readEvidence(recording);
      const report = judge(evidence);
      report.gaps.push(...problems);
      let bytes = 0;
      for (const file of recording.manifest.files)
        bytes += await stat(join(folder, file.name)).then(
          ({ size }) => size,
          () => 0,
        );
      const name = folder.replace(/\/+$/, '').split('/').at(-1) ?? folder;
      const path = options.out ?? join(folder, 'doctor.html');
      await writePageFile(
        path,
        renderHtmlPage(buildPageData(evidence, report, { name, bytes, holter: HOLTER_VERSION })),
      );
      await print(`${path}\n`);
      if (process.stdout.isTTY) openInBrowser(path);
    });
}
