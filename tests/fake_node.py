"""Stands in for Node in an installation: a worker with every bad habit, chosen by the request's `op`.

Reads requests on descriptor 3 and replies on 4, as the real one does. Not a model of Lean: it answers nothing about
theorems. What it says at the start is in `behaviour.json` beside `install.json`.
"""

import json
import os
import struct
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(sys.argv[-2])


def read_exactly(count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = os.read(3, count - len(data))
        if not piece:
            sys.exit(0)
        data += piece
    return data


def reply(**message: object) -> None:
    write(frame(message))


def frame(message: object) -> bytes:
    body = json.dumps(message).encode()
    return struct.pack(">I", len(body)) + body


def write(data: bytes) -> None:
    while data:
        data = data[os.write(4, data) :]


def serve(request: dict) -> None:
    number, op = request["id"], request["op"]
    match op:
        case "echo":
            reply(id=number, ok=True, text=request.get("text", ""))
        case "facts":
            reply(
                id=number,
                ok=True,
                pid=os.getpid(),
                pgid=os.getpgid(0),
                sid=os.getsid(0),
                env=dict(os.environ),
                cwd=str(Path.cwd()),
                stdin=os.read(0, 1).decode(),
                fds=[int(entry.name) for entry in Path("/dev/fd").iterdir()],
                argv=sys.argv,
            )
        case "grow":
            reply(id=number, ok=True, wasm_mb=5000)
        case "taint":
            reply(id=number, ok=True, ran_code=True)
        case "refuse":
            reply(id=number, ok=False, error={"kind": "lean", "message": "no such theorem"})
        case "fatal":
            reply(id=number, ok=False, error={"kind": "fatal", "message": "the stack was not rewound"})
            time.sleep(60)
        case "silent":
            time.sleep(60)
        case "busy":
            end = time.process_time() + 0.3
            while time.process_time() < end:
                pass
            reply(id=number, ok=True)
        case "chatty":
            for _ in range(200):
                os.write(2, b"chatter " * 1000)
                os.write(1, b"to stdout " * 1000)
            reply(id=number, ok=True)
        case "half":
            write(frame({"id": number, "ok": True, "text": "x" * 1000})[:500])
            time.sleep(60)
        case "dies":
            write(frame({"id": number, "ok": True, "text": "x" * 1000})[:500])
            os.write(2, b"last words\n")
            os._exit(7)
        case "trickle":
            for byte in frame({"id": number, "ok": True, "text": "é" * 20}):
                write(bytes([byte]))
        case "no_json":
            write(struct.pack(">I", 4) + b"\xff\xfe{{")
        case "no_object":
            write(frame([1, 2]))
        case "endless":
            write(struct.pack(">I", 0xFFFFFFFF))
            while True:
                write(b"x" * 65536)
        case "wrong_id":
            reply(id=number + 1, ok=True)
        case "twice":
            reply(id=number, ok=True)
            reply(id=number, ok=True)
        case "deaf":
            reply(id=number, ok=True)
            time.sleep(60)
        case "grandchild":
            child = subprocess.Popen(["/bin/sleep", "300"], stdout=2, close_fds=False)
            reply(id=number, ok=True, pid=child.pid)
        case "leave":
            reply(id=number, ok=True)
            os._exit(0)


start = json.loads((ROOT / "behaviour.json").read_text())
match start["start"]:
    case "ready":
        reply(id=0, ok=True, ready=True, lean="fake")
    case "silent":
        time.sleep(60)
    case "crash":
        os.write(2, b"cannot find slim.wasm\n")
        os._exit(3)
    case "rude":
        reply(id=0, ok=True, hello=1)
while True:
    (length,) = struct.unpack(">I", read_exactly(4))
    serve(json.loads(read_exactly(length)))
