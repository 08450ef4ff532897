"""A plugin that looks for the true colors in every way that a process has, and reports what it found.

``SOURCE`` is the text of the plugin. The tests write it into a distribution of its own.
"""

from __future__ import annotations

import json
from pathlib import Path

from conftest import COLORIZER

#: The source contains the paths to read and the processes to attack, which no real plugin knows.
SOURCE = r"""
import ctypes, glob, json, os, signal, socket, sys, tempfile
TARGETS = json.loads({targets!r})
MARK = TARGETS["mark"][::-1]

def attempt(found, aspect, what, action):
    try:
        result = action()
    except BaseException as error:
        return
    if result:
        found.setdefault(aspect, []).append(f"{{what}}: {{str(result)[:200]}}")

def marked(text):
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    return text if MARK in text else None

def content(path):
    with open(path, "rb") as file:
        return marked(file.read())

def any_of(paths, look):
    for path in paths:
        try:
            hit = look(path)
        except OSError:
            continue
        if hit:
            return f"{{path}} {{hit}}"

def traced(number):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(0x4206, number, 0, 0) == 0:  # PTRACE_SEIZE does not stop the other process
        return "attached"

def memory(number):
    libc = ctypes.CDLL(None, use_errno=True)
    class Vector(ctypes.Structure):
        _fields_ = (("base", ctypes.c_void_p), ("size", ctypes.c_size_t))
    buffer = ctypes.create_string_buffer(8)
    address = TARGETS["address"]
    local, remote = Vector(ctypes.addressof(buffer), 8), Vector(address, 8)
    libc.process_vm_readv.restype = ctypes.c_ssize_t
    if libc.process_vm_readv(number, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0) == 8:
        return "read"

def connected(family, kind, address):
    with socket.socket(family, kind) as one:
        one.settimeout(2)
        one.connect(address)
        one.send(b"x")
    return "connected"

def remounted():
    # In a child with mounts of its own, so that nothing outside changes even if nothing is sealed.
    child = os.fork()
    if not child:
        libc, seen = ctypes.CDLL(None, use_errno=True), 0
        try:
            if libc.unshare(0x10020000) == 0 and libc.mount(None, b"/", None, 0x44000, None) == 0:
                for place in (b"/usr", b"/proc", b"/dev", b"/sys", b"/"):
                    libc.umount2(place, 2)
                seen = any(os.path.exists(path) for path in TARGETS["files"])
        finally:
            os._exit(int(seen))
    return os.waitpid(child, 0)[1]

def seek():
    found = {{}}
    look = lambda aspect, what, action: attempt(found, aspect, what, action)
    try:
        numbers = [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        numbers = []
    numbers += [str(TARGETS["process"]), str(os.getppid())]
    for name in ("cmdline", "environ"):
        look("paths", name, lambda: any_of([f"/proc/{{n}}/{{name}}" for n in numbers], content))
    for name in ("maps", "mountinfo", "mem"):
        look("paths", name, lambda: any_of([f"/proc/{{n}}/{{name}}" for n in numbers if name != "mountinfo"], content))
    links = [p for n in [*numbers, "self"] for p in (f"/proc/{{n}}/cwd", f"/proc/{{n}}/root", *glob.glob(f"/proc/{{n}}/fd/*"))]
    look("paths", "links", lambda: any_of(links, lambda p: marked(os.readlink(p))))
    look("paths", "environment", lambda: [n for n, v in os.environ.items() if marked(v)])
    look("paths", "variables", lambda: sorted(set(os.environ) & {{"PWD", "OLDPWD", "COLORTK_STORE", "SECRET"}}))
    look("paths", "working directory", lambda: marked(os.getcwd()) or [n for n in os.listdir(".") if n != "link"])
    look("paths", "arguments", lambda: marked(" ".join(sys.argv + getattr(sys, "orig_argv", []))))
    look("paths", "sys.path", lambda: [p for p in sys.path if marked(p)])
    for path in TARGETS["files"]:
        look("files", "file", lambda: open(path, "rb").read(4))
        look("files", "shell", lambda: os.system(f"cat '{{path}}' >/dev/null 2>&1") == 0)
    for path in TARGETS["folders"]:
        look("paths", "folder", lambda: os.listdir(path))
        look("files", "write", lambda: open(os.path.join(path, "planted"), "w"))
        look("paths", "link", lambda: os.listdir(os.symlink(path, "link") or "link"))
    look("files", "code", lambda: open(__file__, "a"))
    for place in {{"/tmp", "/var/tmp", "/dev/shm", "/home", "/root", tempfile.gettempdir()}}:
        look("files", place, lambda: [name for name in os.listdir(place) if marked(name)])
    look("files", "mounts", remounted)
    look("network", "tcp", lambda: connected(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", TARGETS["port"])))
    look("network", "udp", lambda: connected(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", TARGETS["port"])))
    look("network", "abstract", lambda: connected(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + TARGETS["mark"]))
    look("network", "socket file", lambda: connected(socket.AF_UNIX, socket.SOCK_STREAM, TARGETS["socket"]))
    own = {{str(os.getpid()), "1", "2"}}
    look("processes", "listed", lambda: [n for n in numbers[:-2] if n not in own])
    for number in (TARGETS["process"], os.getppid()):
        if number > 2:
            look("processes", "signal", lambda: os.kill(number, 0) is None)
            look("processes", "ptrace", lambda: traced(number))
            look("processes", "memory", lambda: memory(number))
    return found

{colorizer}
"""


def spy_source(
    files: list[Path],
    folders: list[Path],
    mark: str,
    process: int,
    address: int,
    port: int,
    file: str,
) -> str:
    """Return the source of the plugin ``spy``. Every path that it must not see contains ``mark``."""
    targets = {
        "files": [str(path) for path in files], "folders": [str(path) for path in folders],
        "mark": mark[::-1], "process": process, "address": address, "port": port, "socket": file,
    }  # fmt: skip
    body = 'raise RuntimeError("FOUND " + json.dumps(seek()))'
    colorizer = COLORIZER.format(module="spy", name="spy", body=body, more="")
    return SOURCE.format(targets=json.dumps(targets), colorizer=colorizer)
