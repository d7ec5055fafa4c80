import type { Command } from 'commander';
import { HolterError } from '../base/errors.ts';
import type { BacktraceOptions } from './core-bt.ts';
import type { CoreDiffOptions } from './core-diff.ts';
import type { HandlesOptions } from './core-handles.ts';
import type { InstancesOptions } from './core-instances.ts';
import type { ObjectsOptions } from './core-objects.ts';
import { addCoreOptions, type CoreOptions } from './core-options.ts';
import type { PromptOptions } from './core-prompt.ts';
import type { RefsOptions } from './core-refs.ts';
import type { CoreSnapshotOptions } from './core-snapshot.ts';
import type { CoreTakeOptions } from './core-take.ts';
import type { CoreWhereOptions } from './core-where.ts';
import type { ExitCode } from './outcome.ts';
import { collectPaths } from './stack.ts';

const CORE = 'a core file (also .gz .zst .lz4), or a pid, name or :port of a live process';

function addBacktraceOptions(command: Command): Command {
  return addCoreOptions(command, 'holter.stack/1')
    .argument('<core>', CORE)
    .option('--all', 'all threads with their frames')
    .option('--thread <tid>', 'this thread instead')
    .option('--frames <count>', 'so many frames, none folded')
    .option('--values', 'this and the arguments of your functions')
    .option('--async', 'functions that wait for this one too (at async …)')
    .option('--raw', 'addresses, frame pointers and tiers of all frames')
    .option('-o, --out <file>', 'write here: .md .json; may be repeated', collectPaths, []);
}

/** `holter core …`: a process that died, from its core file; or a live one, stopped for a moment for each question. */
export function registerCore(program: Command, setExit: (code: ExitCode) => void): void {
  const core = program
    .command('core')
    .summary('a dead process: why it died, its stacks, its values, from the core file')
    .description(
      'Reads the core file of a Node process: why it died, JavaScript and native stacks, arguments and variables, source\n' +
        'lines. Nothing else is needed: no debugger, no addon; the node binary helps, and is looked for where it was.\n' +
        'A pid instead of a file asks a live process, which is stopped for some milliseconds.',
    )
    .addHelpText(
      'after',
      `
A core holds every string of the process, secrets too: keep it where only you can read it.

Examples:
  holter core core.4711                     why it died, and where; on a terminal then a prompt
  holter core frame core.4711 3             receiver, arguments and variables of frame 3
  holter core inspect core.4711 3:req.url   one of them, and what it holds
  holter core source core.4711 3            the text around the call
  holter core bt core.4711 --exe ./node     on another machine: with its binary`,
    );
  addBacktraceOptions(core.command('prompt', { isDefault: true }).alias('shell'))
    .option('--hold', 'of a process: keep it stopped while the prompt is open; it runs on when you leave')
    .summary('ask one question after the other (the default on a terminal)')
    .description(
      'The answer of bt, then a prompt: bt, threads, frame 3, up, down, inspect req.url, source, info, handles, help. Tab\n' +
        'completes, Ctrl-C ends a command, Ctrl-D leaves. Without a terminal the commands are read from stdin, a line each.\n' +
        "llnode's words are understood, too: v8 bt, v8 i 0x…, v8 source list, v8 nodeinfo, v8 getactivehandles.",
    )
    .addHelpText(
      'after',
      `
Without a verb and without a terminal, holter core FILE prints the answer of bt only.
A process stands still for some milliseconds for each answer. With --hold it stands all the time, as under a debugger:
nobody is served meanwhile. Whatever happens to holter, kill -9 included, the process then goes on.

Examples:
  holter core core.4711
  holter core 4711 --hold
  printf 'threads\\nframe 3\\n3:req.url\\n' | holter core prompt core.4711`,
    )
    .action(async (file: string, options: PromptOptions, command: Command) => {
      // Whoever writes `prompt` means it, also in a pipe.
      const isNamed = /^(prompt|shell)$/.test(command.parent?.args[0] ?? '');
      const { runCorePrompt, isTyped } = await import('./core-prompt.ts');
      if (isNamed || (isTyped() && options.json !== true && options.out.length === 0)) {
        setExit(await runCorePrompt(file, options));
        return;
      }
      if (options.hold === true)
        throw new HolterError('E_USAGE', '--hold needs a prompt: a terminal, or commands from a pipe', {
          hint: `holter core prompt ${file} --hold < commands`,
        });
      await (await import('./core-bt.ts')).runBacktrace(file, options);
      setExit(0);
    });
  addBacktraceOptions(core.command('bt'))
    .summary('crash reason and stack of the thread that died')
    .description(
      'Why it died, the JavaScript and native stack of that thread, and the source lines of your code.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  holter core bt core.4711\n  holter core bt core.4711 --values --async\n  holter core bt core.4711 --all --json',
    )
    .action(async (file: string, options: BacktraceOptions) => {
      await (await import('./core-bt.ts')).runBacktrace(file, options);
      setExit(0);
    });
  addCoreOptions(core.command('threads'), 'holter.stack/1')
    .summary('all threads: what each was doing')
    .description('A line for each thread: number, role, what it was doing, the innermost function of yours.')
    .argument('<core>', CORE)
    .addHelpText(
      'after',
      '\nExamples:\n  holter core threads core.4711\n  holter core threads 4711\n  holter core threads core.4711 --json',
    )
    .action(async (file: string, options: CoreOptions) => {
      await (await import('./core-threads.ts')).runThreads(file, options);
      setExit(0);
    });
  addCoreOptions(core.command('frame'), 'holter.core-frame/1')
    .summary('one frame: source lines, receiver, arguments, variables')
    .description(
      'A frame by its number in bt: the lines around the call, receiver, arguments, and the variables closures use.',
    )
    .argument('<core>', CORE)
    .argument('<frame>', 'number of the frame, innermost 0, or name of its function')
    .option('--thread <tid>', 'of this thread')
    .option('--depth <levels>', 'levels of properties, 0 to 20', '1')
    .addHelpText(
      'after',
      '\nExamples:\n  holter core frame core.4711 3\n  holter core frame core.4711 0 --thread 4718\n  holter core frame 4711 login --json',
    )
    .action(async (file: string, number: string, options: CoreOptions & { depth: string }) => {
      await (await import('./core-frame.ts')).runFrame(file, number, options);
      setExit(0);
    });
  addCoreOptions(core.command('inspect'), 'holter.core-value/1')
    .summary('a value by address, or by frame and name: 3:req.url')
    .description(
      'Shows a value with what it holds. Where to look:\n' +
        '  0x2f3ac1            an object by its address (as printed behind @)\n' +
        '  3                   all of frame 3: receiver, arguments, variables\n' +
        '  3:req.url           argument or variable of frame 3 by name, then properties\n' +
        '  login:req.url       the same of the innermost frame of a function: numbers change while a process runs\n' +
        '  3:this.#secret      receiver, private field\n' +
        '  3:arg0[2]["a key"]  argument by position (from 0), element, property or Map entry\n' +
        '  frame 3 arg 0 .url  the same in words',
    )
    .argument('<core>', CORE)
    .argument('<what...>', 'address, or frame:name.property')
    .option('--thread <tid>', 'frames of this thread')
    .option('--depth <levels>', 'levels of properties, 0 to 20', '2')
    .option('--most <count>', 'properties, elements and entries of each object', '100')
    .option('--text <length>', 'characters of each string', '10000')
    .addHelpText(
      'after',
      '\nExamples:\n  holter core inspect core.4711 3:req.url\n  holter core inspect core.4711 0x2f3ac1 --depth 3\n  holter core inspect 4711 0:this --json',
    )
    .action(
      async (
        file: string,
        what: string[],
        options: CoreOptions & { depth: string; most: string; text: string },
      ) => {
        await (await import('./core-inspect.ts')).runInspect(file, what.join(' '), options);
        setExit(0);
      },
    );
  addCoreOptions(core.command('source'), 'holter.core-source/1')
    .summary('text of a function, as it ran: by frame number or address')
    .description(
      'The text around the call of a frame, or of a function by its address, out of the memory of the process; else from its file.',
    )
    .argument('<core>', CORE)
    .argument('<what>', 'number of a frame, name of its function, or address of a function')
    .option('--thread <tid>', 'frames of this thread')
    .option('--lines <count>', 'lines before and after the call; default: the whole function, 60 at most')
    .addHelpText(
      'after',
      '\nExamples:\n  holter core source core.4711 3\n  holter core source core.4711 3 --lines 20\n  holter core source core.4711 0x2f3ac1 --json',
    )
    .action(async (file: string, what: string, options: CoreOptions & { lines?: string }) => {
      await (await import('./core-source.ts')).runSource(file, what, options);
      setExit(0);
    });
  addCoreOptions(core.command('handles'), 'holter.core-handles/1')
    .summary('active handles, requests and timers of each event loop')
    .description(
      'Sockets, servers, child processes, watched files, file operations and DNS queries that have not ended, and timers with\n' +
        'what they will call, of the main thread and of every worker; what keeps a process alive, and what it waits for.\n' +
        'Addresses of sockets are known of live processes; a core has those that the program asked for.',
    )
    .argument('<core>', CORE)
    .option('--only <list>', 'handles, requests or timers')
    .addHelpText(
      'after',
      "\nunref'd = does not keep the process alive.\n\nExamples:\n  holter core handles core.4711\n  holter core handles 4711 --only requests\n  holter core handles 4711 --json",
    )
    .action(async (file: string, options: HandlesOptions) => {
      await (await import('./core-handles.ts')).runHandles(file, options);
      setExit(0);
    });
  addCoreOptions(core.command('objects'), 'holter.core-objects/1')
    .summary('histogram of the heap: objects by class, with their bytes')
    .description(
      'Counts the objects of the heap by class: instances of classes by their name, plain objects by their properties ({a,b}),\n' +
        'strings by kind and size, and what V8 keeps for itself. Memory outside of the heap (Buffers, external strings) stands\n' +
        'beside it. Objects that are garbage but not yet collected are counted too, unless --live is given.',
    )
    .argument('<core>', CORE)
    .option('--live', 'only what can be reached')
    .option('--isolate <which>', 'main, the tid of a worker, shared, or all', 'all')
    .option('--sort <column>', 'bytes, count, outside or name', 'bytes')
    .option('--filter <text>', 'only classes whose name holds this text; /…/ is a regular expression')
    .option('--top <rows>', 'rows to show', '30')
    .option('--engine', "V8's own objects by their types, not by what they are for")
    .option('-y, --yes', 'of a process: agree to a pause over half a second')
    .addHelpText(
      'after',
      `
Bytes are those of the objects themselves; what they refer to is counted where it is. Buffers and typed arrays show in
brackets what they see of ArrayBuffers. Of a live process the heap is copied while it stands still (about a second for each
GB) and counted while it runs on.

Examples:
  holter core objects core.4711
  holter core objects 4711 --isolate main --top 10
  holter core objects core.4711 --filter Session --json`,
    )
    .action(async (file: string, options: ObjectsOptions) => {
      await (await import('./core-objects.ts')).runObjects(file, options);
      setExit(0);
    });
  addCoreOptions(core.command('instances'), 'holter.core-instances/1')
    .summary('the objects of one class, by what their properties are')
    .description(
      'Lists the objects of a class with their addresses and properties; with --where only those whose properties are as given.',
    )
    .argument('<core>', CORE)
    .argument('<class>', "its name as in objects: Session, '{id,name}', '(FixedArray)'")
    .option(
      '--where <condition>',
      'e.g. "age > 50 and name = \'Ada\'": = != < > <= >=, with a.b for what a property holds',
    )
    .option('--skip <count>', 'leave out so many', '0')
    .option('--top <count>', 'show so many', '20')
    .option('--live', 'only what can be reached')
    .option('--isolate <which>', 'main, the tid of a worker, shared, or all', 'all')
    .option('-y, --yes', 'of a process: agree to a pause over half a second')
    .addHelpText(
      'after',
      `
An address names an object of a core for good: holter core inspect CORE 0x… shows all of it, refs who holds it. In a live
process V8 moves objects.

Examples:
  holter core instances core.4711 Session
  holter core instances core.4711 Session --where "age > 50 and name != null" --top 100
  holter core instances core.4711 '{id,name}' --skip 20 --json`,
    )
    .action(async (file: string, name: string, options: InstancesOptions) => {
      await (await import('./core-instances.ts')).runInstances(file, name, options);
      setExit(0);
    });
  addCoreOptions(core.command('refs'), 'holter.core-refs/1')
    .summary('who refers to an object, and how it is held')
    .description(
      'Lists who refers to an object: elements, properties, variables of closures, entries of Maps. --to-root: the shortest way\n' +
        'from outside of the heap to it; --retained: what would be free without it.',
    )
    .argument('<core>', CORE)
    .argument('<address>', 'as printed behind @ by instances, inspect, frame')
    .option('--to-root', 'the shortest chain that holds it')
    .option('--retained', 'bytes that live by it alone')
    .option('--top <rows>', 'references to show', '20')
    .option('-y, --yes', 'of a process: agree to a pause over half a second')
    .addHelpText(
      'after',
      `
Objects that nothing holds any more but that were not collected yet refer to others, too; a chain to the root has none.

Examples:
  holter core refs core.4711 0x2f3ac1
  holter core refs core.4711 0x2f3ac1 --to-root --retained
  holter core instances core.4711 Session --top 1`,
    )
    .action(async (file: string, address: string, options: RefsOptions) => {
      await (await import('./core-refs.ts')).runRefs(file, address, options);
      setExit(0);
    });
  addCoreOptions(core.command('diff'), 'holter.core-diff/1')
    .summary('how the classes of a heap grew between two cores')
    .description(
      'Counts the objects of two cores of one process, or of a core and the process as it is now, by class, and says what there\n' +
        'is more of.',
    )
    .argument('<before>', 'core file')
    .argument('<after>', CORE)
    .option('--live', 'only what can be reached')
    .option('--isolate <which>', 'main, the tid of a worker, shared, or all', 'all')
    .option('--sort <column>', 'bytes, count or name', 'bytes')
    .option('--filter <text>', 'only classes whose name holds this text; /…/ is a regular expression')
    .option('--top <rows>', 'rows to show', '20')
    .option('--engine', "V8's own objects by their types, not by what they are for")
    .option('-y, --yes', 'of a process: agree to a pause over half a second')
    .addHelpText(
      'after',
      `
Examples:
  holter core take 4711 -o before.core
  holter core diff before.core 4711
  holter core diff before.core after.core --live --json`,
    )
    .action(async (before: string, after: string, options: CoreDiffOptions) => {
      await (await import('./core-diff.ts')).runCoreDiff(before, after, options);
      setExit(0);
    });
  addCoreOptions(core.command('snapshot'), 'holter.core-snapshot/1')
    .summary('write a heap snapshot out of a core, for holter heap and DevTools')
    .description(
      'Writes what is in use on the heap as a .heapsnapshot, with names, references, roots and lines of functions: DevTools and\n' +
        'holter heap open it. Of a process it needs no inspector, also where the process is stuck: its heap is copied in a pause.',
    )
    .argument('<core>', CORE)
    .option('-o, --out <file>', 'default: core-PID.heapsnapshot in this folder')
    .option('--isolate <which>', 'main, or the tid of a worker', 'main')
    .option('-y, --yes', 'of a process: agree to a pause over half a second')
    .addHelpText(
      'after',
      `
Needs memory: about 12 bytes for each reference of the heap, and 20 for each object.

Examples:
  holter core snapshot core.4711 -o dead.heapsnapshot
  holter heap suspects dead.heapsnapshot
  holter core snapshot 4711 -o stuck.heapsnapshot --yes`,
    )
    .action(async (file: string, options: CoreSnapshotOptions) => {
      await (await import('./core-snapshot.ts')).runCoreSnapshot(file, options);
      setExit(0);
    });
  addCoreOptions(core.command('info'), 'holter.core-info/1')
    .summary('what the file holds: versions, signal, command line, binaries, what is missing')
    .description(
      'Versions, signal, command line, threads, the binaries with their build-ids and whether they are the right ones, and what is missing.',
    )
    .argument('<core>', CORE)
    .option('--env', 'the environment too, secrets masked')
    .option('--secrets', 'with --env: nothing masked')
    .addHelpText(
      'after',
      '\nExamples:\n  holter core info core.4711\n  holter core info core.4711 --sysroot /mnt/other\n  holter core info core.4711 --json',
    )
    .action(async (file: string, options: CoreOptions & { env?: boolean }) => {
      await (await import('./core-info.ts')).runInfo(file, options);
      setExit(0);
    });
  core
    .command('take')
    .summary('write a core file of a live process, which runs on')
    .description(
      'Stops the process, copies what it has in memory into a sparse core file, and lets it go on. holter, gdb and lldb read\n' +
        'it. Says before how long the process will stand still, and asks about more than half a second on a terminal.',
    )
    .argument('<target>', 'pid, name or :port')
    .option('-o, --out <file>', 'default: core.PID in this folder')
    .option('--js-heap-only', 'without large Buffers and shared memory')
    .option('--compress [how]', 'pack it afterwards, while the process runs: gzip, or zstd (Node 22.15)')
    .option(
      '--drain <cmd>',
      'shell command to run before the stop, HOLTER_PID is set; when it fails nothing is stopped',
    )
    .option('--undrain <cmd>', 'and one to run after it, whatever happened, kill -9 of holter included')
    .option('-y, --yes', 'agree to a pause over half a second')
    .option('--json', 'print one JSON document, schema holter.core-take/1')
    .option('--no-color', 'no colour')
    .addHelpText(
      'after',
      `
The file is readable by you alone (0600), and whole or not there: a full disk, Ctrl-C or the end of the process leave none.
Whatever happens to holter, the process goes on; one that was stopped before stays stopped.
Of each thread it has where it is and its frame pointer, and the arguments of the system call it waits in; the other
registers can only be had by a debugger (gcore).

Examples:
  holter core take 4711
  holter core take :3000 -o /var/tmp/api.core --yes
  holter core take 4711 --compress --drain 'touch /run/api/drain; sleep 5' --undrain 'rm -f /run/api/drain'`,
    )
    .action(async (target: string, options: CoreTakeOptions) => {
      setExit(await (await import('./core-take.ts')).runCoreTake(target, options));
    });
  core
    .command('where')
    .summary('where cores go on this machine, and how to get one')
    .description(
      'Reads where the kernel puts cores (core_pattern), what limits them, and what a process was started with, and says which\n' +
        'commands give a core: of a live process, of one that will crash, of one that has.',
    )
    .argument('[target]', 'pid, name or :port: with its own limits and flags')
    .option('--json', 'print one JSON document, schema holter.core-where/1')
    .option('--no-color', 'no colour')
    .addHelpText('after', '\nExamples:\n  holter core where\n  holter core where 4711')
    .action(async (target: string | undefined, options: CoreWhereOptions) => {
      await (await import('./core-where.ts')).runCoreWhere(target, options);
      setExit(0);
    });
}
