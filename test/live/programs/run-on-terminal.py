"""Runs a command on a pseudo terminal of its own, for tests: run-on-terminal.py ROWS COLUMNS COMMAND...

What the terminal gets goes to stdout as it is. Lines of JSON on stdin act on it: {"keys": "q"}, {"size": [5, 20]}.
stderr: {"pid": ...} at once, and at the end {"code": ..., "before": FLAGS, "after": FLAGS}, the terminal's modes.
"""
import fcntl, json, os, select, struct, sys, termios

rows, columns, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
master, slave = os.openpty()


def resize(size):
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", size[0], size[1], 0, 0))


def modes():
    # Flags of input, output, control and line discipline (termios(3)); speeds and characters do not change.
    return termios.tcgetattr(slave)[:4]


resize([rows, columns])
before = modes()
pid = os.fork()
if pid == 0:
    os.close(master)
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for fd in (0, 1, 2):
        os.dup2(slave, fd)
    os.execvp(command[0], command)
sys.stderr.write(json.dumps({"pid": pid}) + "\n")
sys.stderr.flush()

pending = b""
inputs = [master, 0]
code = None
while code is None or master in select.select([master], [], [], 0)[0]:
    for fd in select.select(inputs, [], [], 0.02)[0]:
        data = os.read(fd, 65536)
        if fd == master:
            os.write(1, data)
        elif data == b"":
            inputs.remove(0)
        else:
            pending += data
            *lines, pending = pending.split(b"\n")
            for line in lines:
                asked = json.loads(line)
                if "keys" in asked:
                    os.write(master, asked["keys"].encode())
                if "size" in asked:
                    resize(asked["size"])
    if code is None:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
sys.stderr.write(json.dumps({"code": code, "before": before, "after": modes()}) + "\n")
