import { formatBytes } from '../base/quantity.ts';
import { cleanText, padEnd, paint, type Style, toAscii, truncate, wrap } from '../base/terminal-text.ts';

/** What `holter core where` found; as linux/core-destination.ts reads it, and what it knows of the process. */
export interface CoreWhereDescription {
  pattern: { text: string; kind: 'file' | 'program' | 'unknown'; service?: string; program?: string };
  usesPid: boolean;
  softLimit: number;
  hardLimit: number;
  filter?: string;
  folder: string;
  found: { path: string; bytes: number; at: string }[];
  /** The process asked about. */
  process?: {
    pid: number;
    name: string;
    /** Started with --abort-on-uncaught-exception (arguments or NODE_OPTIONS). */
    abortsOnUncaught: boolean;
    /** Title or environment not readable: not known. */
    isFlagKnown: boolean;
    /** Name of its container; null: none. */
    container: string | null;
  };
  /** We are in a container ourselves. */
  inContainer: boolean;
}

/** A way to a core, with what to type. */
export interface WayToCore {
  when: string;
  commands: string[];
  notes: string[];
}

const WIDEST = 110;
const LEFT = 9;

/** Ways to a core that work here, the one that harms nobody first. Pure. */
export function buildWaysToCore(where: CoreWhereDescription): WayToCore[] {
  const pid = where.process?.pid;
  const word = pid === undefined ? 'PID' : String(pid);
  return [
    {
      when: 'now, and the process runs on',
      commands: [`holter core take ${word}`],
      notes: [
        'a pause of about a second per GB in memory; --drain and --undrain take it out of service meanwhile',
      ],
    },
    crashWay(where, pid),
    uncaughtWay(where),
    {
      when: 'out of memory',
      commands: ['node --max-old-space-size=MB app.js'],
      notes: [
        'V8 ends the process by itself (SIGABRT or SIGTRAP), with a core as above; killed by the kernel (SIGKILL, exit code 137) it leaves none',
      ],
    },
    {
      when: 'from inside, without refusing service',
      commands: ["execFile('holter', ['core', 'take', String(process.pid), '--yes'])"],
      notes: ['process.abort() ends it; a child process that takes the core does not'],
    },
  ];
}

function crashWay(where: CoreWhereDescription, pid: number | undefined): WayToCore {
  const notes: string[] = [];
  const commands: string[] = [];
  const isProgram = where.pattern.kind === 'program';
  // A program behind a pipe is given the core whatever the limit is, but for 1 (core(5)); systemd keeps to the limit itself.
  if (!(where.softLimit === Number.POSITIVE_INFINITY)) {
    if (pid === undefined) commands.push('ulimit -c unlimited; node app.js');
    else
      commands.push(
        `${where.hardLimit === Number.POSITIVE_INFINITY ? '' : 'sudo '}prlimit --pid ${pid} --core=unlimited:unlimited`,
      );
    notes.push(
      where.softLimit === 0
        ? 'the limit is 0 now: no core is written'
        : Number.isFinite(where.softLimit)
          ? `the limit is ${formatBytes(where.softLimit)} now: a larger core is cut`
          : 'the limit could not be read',
      'a unit of systemd: LimitCORE=infinity; docker run --ulimit core=-1',
    );
  }
  if (isProgram && where.pattern.service === 'systemd-coredump') {
    commands.push('coredumpctl list node', `coredumpctl dump ${pid ?? 'PID'} -o core; holter core core`);
    notes.push('systemd keeps at most ProcessSizeMax and ExternalSizeMax of /etc/systemd/coredump.conf');
  } else if (isProgram && where.pattern.service === 'apport') {
    commands.push('ls -t /var/lib/apport/coredump /var/crash');
    notes.push('apport keeps only cores of packaged programs; else: sudo sysctl kernel.core_pattern=core.%p');
  } else if (isProgram) {
    commands.push('sudo sysctl kernel.core_pattern=core.%p');
    notes.push(
      `cores go to the program ${where.pattern.program ?? ''}: ask it, or let the kernel write files`,
    );
  } else if (where.folder !== '') commands.push(`ls -t ${where.folder}`);
  if (pid !== undefined) {
    commands.push(`kill -ABRT ${pid}`);
    notes.push('kill -ABRT ends it');
  }
  if (where.inContainer || (where.process?.container ?? null) !== null)
    notes.push(
      isProgram
        ? 'core_pattern is that of the machine, not of the container: the program runs there, and so does coredumpctl'
        : 'core_pattern is that of the machine; the file is made in the file system of the container, and goes with it: mount a folder',
    );
  return { when: 'when it crashes', commands, notes };
}

function uncaughtWay({ process: about }: CoreWhereDescription): WayToCore {
  if (about?.abortsOnUncaught === true)
    return {
      when: 'uncaught exceptions',
      commands: [],
      notes: [`${about.pid} was started with --abort-on-uncaught-exception: they leave a core`],
    };
  const notes = ['without the flag Node prints the error and exits: no core, and the stack is gone'];
  if (about !== undefined && !about.isFlagKnown)
    notes.unshift('whether it has the flag cannot be read: it wrote a title over its arguments');
  else if (about !== undefined) notes.unshift(`${about.pid} does not have the flag: it needs a restart`);
  return {
    when: 'uncaught exceptions',
    commands: ['NODE_OPTIONS=--abort-on-uncaught-exception node app.js'],
    notes,
  };
}

/** Lines for a terminal. */
export function renderCoreWhere(where: CoreWhereDescription, screen: Style): string {
  const width = Math.min(WIDEST, Math.max(20, screen.columns));
  const style = { ...screen, columns: width };
  const about = where.process;
  const title = about === undefined ? 'this machine' : `${cleanText(about.name)} (${about.pid})`;
  const lines = [paint(style, 'title', truncate(`holter core where  ${title}`, width)), ''];
  const row = (name: string, text: string): void => {
    for (const [index, line] of wrap(cleanText(text), width - LEFT).entries())
      lines.push(`${index === 0 ? paint(style, 'dim', padEnd(name, LEFT)) : ' '.repeat(LEFT)}${line}`);
  };
  row('kernel', patternText(where));
  row(
    'limit',
    `${limitText(where.softLimit)}${where.softLimit === where.hardLimit ? '' : `, can be raised to ${limitText(where.hardLimit)}`}${about === undefined ? ' (this shell)' : ''}`,
  );
  if (about !== undefined && about.container !== null) row('lives in', `container ${about.container}`);
  else if (where.inContainer) row('here', 'a container');
  for (const [index, { path, bytes, at }] of where.found.entries())
    row(index === 0 ? 'found' : '', `${path}  ${formatBytes(bytes)}  ${at}`);
  for (const { when, commands, notes } of buildWaysToCore(where)) {
    lines.push('', paint(style, 'title', when));
    for (const command of commands) lines.push(`  ${paint(style, 'cmd', cleanText(command))}`);
    for (const note of notes)
      for (const line of wrap(cleanText(note), width - 2)) lines.push(`  ${paint(style, 'dim', line)}`);
  }
  const text = `${lines.join('\n')}\n`;
  return style.unicode ? text : toAscii(text);
}

function patternText({ pattern, folder, usesPid }: CoreWhereDescription): string {
  if (pattern.kind === 'unknown') return 'core_pattern cannot be read here';
  if (pattern.kind === 'program')
    return `gives cores to ${pattern.service === 'other' ? pattern.program : pattern.service}: ${pattern.text}`;
  const place = folder === '' ? 'where the pattern says' : folder;
  return `writes ${pattern.text}${usesPid && !pattern.text.includes('%p') ? '.PID' : ''} into ${place}`;
}

function limitText(bytes: number): string {
  if (Number.isNaN(bytes)) return 'not known';
  return bytes === Number.POSITIVE_INFINITY ? 'unlimited' : bytes === 0 ? '0: no cores' : formatBytes(bytes);
}

/** The document of `--json`, schema holter.core-where/1; limits: null = unlimited or not known (`limitKnown`). */
export function buildCoreWhereJson(where: CoreWhereDescription): object {
  return {
    schema: 'holter.core-where/1',
    ...where,
    limitKnown: !Number.isNaN(where.softLimit),
    ways: buildWaysToCore(where),
  };
}
