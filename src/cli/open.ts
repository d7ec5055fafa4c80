import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { judge } from '../doctor/judge.ts';
import { readEvidence } from '../doctor/read-evidence.ts';
import { openRecording, type Recording } from '../recording/read-recording.ts';
import { writePageFile } from '../recording/write-recording.ts';
import { buildPageData } from '../render/build-page-data.ts';
import { renderHtmlPage } from '../render/html-page.ts';
import { openInBrowser } from './browser.ts';
import { print } from './outcome.ts';
import { temporaryPath } from './paths.ts';
import { profilePage } from './present-profile.ts';
import { readProfileInput } from './profile-input.ts';
import { HOLTER_VERSION } from './version.ts';

export function registerOpen(program: Command): void {
  program
    .command('open')
    .summary('open a recording or a profile file in the page')
    .description(
      'Makes the page of a recording or of a profile file of any known format and opens it in the browser; prints its path.',
    )
    .argument('<path>', 'folder written by holter, or a profile file')
    .option('-o, --out <file>', 'write the page here (default: beside the recording; of a file: temporary)')
    .addHelpText(
      'after',
      '\nExamples:\n  holter open ./evidence\n  holter open app.cpuprofile\n  holter open ./evidence -o /tmp/page.html',
    )
    .action(async (path: string, options: { out?: string }) => {
      const page = await makePage(path, options.out);
      await print(`${page}\n`);
      if (process.stdout.isTTY) openInBrowser(page);
    });
}

async function makePage(path: string, out: string | undefined): Promise<string> {
  const isFolder = await stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
  const recording = isFolder ? await openRecording(path) : undefined;
  if (recording !== undefined && recording.list('vitals').length > 0) return makeDoctorPage(recording, out);
  const input = await readProfileInput(path);
  const verb = input.load === undefined ? 'cpu' : 'flame';
  const file = out ?? (isFolder ? join(path, `${verb}.html`) : temporaryPath(path, '.html'));
  await writePageFile(file, renderHtmlPage(profilePage(input, verb)));
  return file;
}

async function makeDoctorPage(recording: Recording, out: string | undefined): Promise<string> {
  const { folder } = recording;
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
  const path = out ?? join(folder, 'doctor.html');
  await writePageFile(
    path,
    renderHtmlPage(buildPageData(evidence, report, { name, bytes, holter: HOLTER_VERSION })),
  );
  return path;
}
