"""What `lake` and `lean` run: a process that hands its command line to the server and relays its terminal.

    python -I -S relay.py SOCKET TOOL ARGUMENTS...

Standard library only and few modules of it, because each start of a Dojo waits for this one (about 25 ms). The server's
bytes go to stdout as they come; a zero byte and a number end them and become the exit status.
"""

import os
import select
import socket
import sys
import termios

#: sysexits' EX_UNAVAILABLE and EX_SOFTWARE: nobody listens; the server went away in the middle.
UNAVAILABLE, GONE = 69, 70

_CHUNK = 1 << 16


def main(arguments: list[str]) -> int:
    """Relays until the server says which status to end with, or until one of the two sides is gone."""
    socket_path, *command = arguments
    # A session leader's terminal was made for it (pexpect does); anyone else's is the user's.
    if os.isatty(0) and os.getsid(0) == os.getpid():
        _make_raw(0)
    server = socket.socket(socket.AF_UNIX)
    try:
        server.connect(socket_path)
    except OSError as error:
        print(f"No Lean is served at {socket_path}: {error}", file=sys.stderr)
        return UNAVAILABLE
    # Arguments hold no zero byte (execve), and a folder's name neither.
    server.sendall("\0".join([os.getcwd(), *command]).encode("utf-8", "surrogateescape") + b"\n")  # noqa: PTH109
    return _relay(server)


def _relay(server: socket.socket) -> int:
    poll = select.poll()
    poll.register(server, select.POLLIN)
    poll.register(0, select.POLLIN)
    while True:
        for descriptor, _ in poll.poll():
            if descriptor != 0:
                data = server.recv(_CHUNK)
                output, ended, status = data.partition(b"\0")
                _write(output)
                if not data:
                    return GONE
                if ended:
                    return _status(server, status)
            elif data := _read_input():
                server.sendall(data)
            else:
                # A closed terminal ends the session; an empty stdin only means that there are no requests.
                server.shutdown(socket.SHUT_WR)
                poll.unregister(0)


def _read_input() -> bytes:
    try:
        return os.read(0, _CHUNK)
    except OSError:  # EIO: the other end of the terminal is closed
        return b""


def _write(data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(1, rest) :]


def _status(server: socket.socket, begun: bytes) -> int:
    while data := server.recv(_CHUNK):
        begun += data
    return int(begun) if begun.isdigit() else GONE


def _make_raw(descriptor: int) -> None:
    """In its usual mode a terminal cuts lines at 4,096 bytes and takes some characters for signals."""
    modes = termios.tcgetattr(descriptor)
    modes[0] = modes[1] = 0
    modes[3] &= ~(termios.ECHO | termios.ICANON | termios.ISIG | termios.IEXTEN)
    termios.tcsetattr(descriptor, termios.TCSANOW, modes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
