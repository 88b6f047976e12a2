"""Runs a program on a terminal of its own: on-terminal.py COLUMNS PROGRAM [ARGUMENT...]

What it writes there comes on standard output, as the terminal has it; its exit code is this one's.
"""
import fcntl
import os
import struct
import subprocess
import sys
import termios

columns, program = int(sys.argv[1]), sys.argv[2:]
ours, terminal = os.openpty()
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
child = subprocess.Popen(program, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True)
os.close(terminal)
while True:
    try:
        written = os.read(ours, 65536)
    except OSError:  # Nobody has the terminal open any more.
        break
    if not written:
        break
    sys.stdout.buffer.write(written)
sys.stdout.buffer.flush()
sys.exit(child.wait())
