/** A ready script of `holter probe --script`. */
export interface ReadyScript {
  name: string;
  summary: string;
  text: string;
}

/** The scripts shipped with holter; `--script <name> [arguments]`. */
export const READY_SCRIPTS: readonly ReadyScript[] = [
  {
    name: 'slow-json',
    summary:
      'time of JSON.parse and JSON.stringify, and who makes the large ones ($1: from how many bytes, 100000)',
    text: `#pragma D option defaultargs
node-json:::parse-done, node-json:::stringify-done
{
	@time[probefunc] = quantize(duration);
	@bytes[probefunc] = sum(length);
}
node-json:::parse-done, node-json:::stringify-done
/length > ($1 == 0 ? 100000 : $1)/
{
	@callers[probefunc, jstack(6)] = count();
}
END
{
	printf("\\ntime in ns\\n"); printa(@time);
	printf("\\nbytes\\n"); printa(@bytes);
	trunc(@callers, 5);
	printf("\\nwho makes the large ones\\n"); printa(@callers);
}
`,
  },
  {
    name: 'slow-routes',
    summary: 'time of requests by method and route, with their status',
    text: `http-server:::request-done
{
	@time[method, route] = quantize(duration / 1000);
	@slowest[method, route] = max(duration / 1000);
	@status[method, route, status] = count();
}
END
{
	printf("\\ntime in us\\n"); printa(@time);
	printf("\\nslowest in us\\n"); printa(@slowest);
	printf("\\nanswers by status\\n"); printa(@status);
}
`,
  },
  {
    name: 'loop-hogs',
    summary: 'callbacks that hold the event loop ($1: from how many ms, 10), and how late the loop is',
    text: `#pragma D option defaultargs
async:::callback-done
/duration > ($1 == 0 ? 10 : $1) * 1000000/
{
	@long[type] = count();
	@time[type] = quantize(duration / 1000);
}
loop:::delay
{
	@late = quantize(lag / 1000);
}
END
{
	printf("\\nlong callbacks by what they answer\\n"); printa(@long);
	printf("\\ntheir time in us\\n"); printa(@time);
	printf("\\nhow late the event loop is, us\\n"); printa(@late);
}
`,
  },
  {
    name: 'gc-kinds',
    summary: 'garbage collections by kind: how many, how long',
    text: `node:::gc-done
{
	@count[kind] = count();
	@time[kind] = quantize(duration / 1000);
	@total[kind] = sum(duration / 1000);
	@longest[kind] = max(duration / 1000);
}
END
{
	printf("\\ncollections, total us, longest us\\n");
	printa("  %-20s %@8d %@10d %@10d\\n", @count, @total, @longest);
	printf("\\ntime in us\\n"); printa(@time);
}
`,
  },
  {
    name: 'who-calls',
    summary:
      'who calls a function: --script who-calls <module> <function>, as in global JSON.parse or cart.js total',
    text: `js:$1:$2:entry
{
	@[jstack(8)] = count();
}
END
{
	trunc(@, 10); printa(@);
}
`,
  },
  {
    name: 'large-allocations',
    summary: 'Buffers by size, and who makes the large ones ($1: from how many bytes, 65536)',
    text: `#pragma D option defaultargs
memory:::alloc
{
	@size[op] = quantize(size);
}
memory:::alloc
/size >= ($1 == 0 ? 65536 : $1)/
{
	@who[jstack(6)] = sum(size);
}
END
{
	printf("\\nbytes of a Buffer\\n"); printa(@size);
	trunc(@who, 5);
	printf("\\nbytes by who makes the large ones\\n"); printa(@who);
}
`,
  },
];
