// Brings holter's tree of a `perf script` text and the output of stackcollapse-perf.pl (FlameGraph) into the same words: sum
// of periods (or count of samples) by stack. What each side changes on purpose is done to the other:
//
//   stackcollapse cuts a name at its first bracket, takes quotes out, and splits a name at `->`;
//   holter takes V8's kind and tier off JS frames (`JS:*f /a.js:1:2` is f at /a.js:1:2), so tiers of one function add up,
//   writes regular expressions as such, and shows V8's nameless interpreter frames in a row, or beside a named one, once;
//   the outermost frame is the thread's name, which holter takes from the thread's last sample: it is left out.

const INTERPRETER = 'Builtins_InterpreterEntryTrampoline';

/** `named`: the tree's outermost frames are names of threads, as in `all threads`. */
export function stacksOfTree(tree, named = true) {
  const sums = new Map();
  const names = tree.frames.name.map((_, row) => nameOfRow(tree.frames, row));
  for (let node = 1; node < tree.length; node++) {
    if (tree.self[node] === 0) continue;
    const stack = [];
    for (let at = node; named ? tree.parent[at] > 0 : at > 0; at = tree.parent[at]) {
      const name = names[tree.frame[at]];
      if (name === '(no stack)') continue;
      stack.unshift(...name.split('->').filter((part) => part !== ''));
    }
    add(sums, stack.join(';'), tree.self[node] * (tree.unit === 'microseconds' ? 1000 : 1));
  }
  return sums;
}

/** Of stackcollapse-perf.pl without options. */
export function stacksOfCollapsed(text) {
  const sums = new Map();
  for (const line of text.trimEnd().split('\n')) {
    const space = line.lastIndexOf(' ');
    const frames = line.slice(0, space).split(';').slice(1);
    add(sums, foldInterpreter(frames).map(nameOfCollapsed).join(';'), Number(line.slice(space + 1)));
  }
  return sums;
}

export function differentStacks(ours, theirs) {
  const different = [];
  for (const stack of new Set([...ours.keys(), ...theirs.keys()])) {
    const entry = { stack, ours: ours.get(stack) ?? 0, theirs: theirs.get(stack) ?? 0 };
    if (Math.abs(entry.ours - entry.theirs) >= 0.5) different.push(entry);
  }
  return different;
}

function add(sums, stack, weight) {
  sums.set(stack, (sums.get(stack) ?? 0) + weight);
}

function nameOfRow(frames, row) {
  const name = frames.name[row];
  if (name === '(interpreted function)') return INTERPRETER;
  if (name === '(no stack)') return name;
  if (frames.category[row] !== 0) return /^\/.*\/\w*$/s.test(name) ? 'RegExp' : tidy(name);
  const column = frames.column[row] === 0 ? '' : `:${frames.column[row]}`;
  const place = `${frames.file[row]}:${frames.line[row]}${column}`;
  return tidy(`${name === '(anonymous)' ? '' : name} ${place}`);
}

function nameOfCollapsed(frame) {
  if (/^RegExp[:.]/.test(frame)) return 'RegExp';
  return frame.replace(/^(?:JS|LazyCompile|Function|Eval|Script):[~^+*]?/, '').trim();
}

function foldInterpreter(frames) {
  const named = (frame) => /^\w+:~/.test(frame ?? '');
  return frames.filter((frame, i) => {
    if (frame !== INTERPRETER) return true;
    return frames[i - 1] !== INTERPRETER && !named(frames[i - 1]) && !named(frames[i + 1]);
  });
}

/** What stackcollapse-perf.pl does to a name. */
function tidy(name) {
  const cut = name.replaceAll(';', ':').replace(/\((?!anonymous namespace\)).*/s, '');
  return cut.replace(/["']/g, '').trim();
}
