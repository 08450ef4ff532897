"""Messages between processes arrive unchanged, or are refused without executing anything."""

from __future__ import annotations

import json
import pickle
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from colortk import errors
from colortk.errors import ColortkError, PluginError, PredictionError
from colortk.runtime.message_format import HEADER_BYTES, ITEM_BYTES
from colortk.runtime.messages import Channel, Message, MessageError, pair, wait
from colortk.runtime.plain_data import from_plain, to_plain
from colortk.runtime.worker_process import Deadline, WorkerProcess, error_of, failure


@pytest.fixture
def ends() -> Any:
    ours, theirs = pair()
    other = Channel(theirs)
    yield ours, other
    ours.close()
    other.close()


def raw(header: Any, payload: bytes = b"", magic: bytes = b"CTK1") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return magic + struct.pack("<I", len(text)) + text + payload


def header(*arrays: Any, **more: Any) -> dict[str, Any]:
    return {"kind": "x", "number": "1", "fields": {}, "arrays": list(arrays)} | more


@pytest.mark.parametrize("dtype", ITEM_BYTES)
def test_arrays_of_all_types_and_shapes_round_trip(ends: Any, dtype: str) -> None:
    rng = np.random.default_rng(0)
    shapes = [(), (0,), (3,), (2, 0, 5), (4, 6, 2), (2, 3, 4, 2)]
    arrays = {f"a{n}": rng.integers(0, 2, shape).astype(dtype) for n, shape in enumerate(shapes)}
    arrays["turned"] = arrays["a4"].T
    arrays["big_endian"] = arrays["a4"].astype(arrays["a4"].dtype.newbyteorder(">"))
    ours, theirs = ends
    ours.send(Message("kind", "7", {"text": "ä\udc80", "n": 1.5}, arrays))
    received = theirs.receive(5, 1 << 20)
    assert (received.kind, received.number) == ("kind", "7")
    assert received.fields == {"text": "ä\udc80", "n": 1.5}
    assert received.arrays.keys() == arrays.keys()
    for name, array in arrays.items():
        assert received.arrays[name].dtype == np.dtype(dtype)
        assert np.array_equal(received.arrays[name], array), name


def test_guidance_samples_and_rgb_fit_into_one_message(ends: Any) -> None:
    rng = np.random.default_rng(1)
    arrays = {
        "lightness": rng.random((120, 160), np.float32),
        "hint_positions": rng.integers(0, 99, (7, 2)).astype(np.int32),
        "hint_colors": rng.random((7, 2), np.float32),
        "mask": rng.random((120, 160)) > 0.5,
        "reference": rng.integers(0, 256, (90, 80, 3)).astype(np.uint8),
        "samples": rng.random((4, 120, 160, 2), np.float32),
    }
    ours, theirs = ends
    sender = threading.Thread(target=ours.send, args=(Message("guided", "1", {}, arrays), 10))
    sender.start()  # more than the buffer of a socket
    received = theirs.receive(10, 1 << 24)
    sender.join()
    assert all(np.array_equal(received.arrays[name], array) for name, array in arrays.items())


class Bomb:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return (Path.touch, (self.mark,))


HOSTILE = {
    "another magic": raw(header(), magic=b"PK\3\4"),
    "an endless header": b"CTK1" + struct.pack("<I", HEADER_BYTES + 1),
    "not JSON": raw(b"{"),
    "not ASCII": raw(b"\xff\xfe"),
    "not a number": raw(b'{"kind": "x", "number": "1", "fields": {"a": NaN}, "arrays": []}'),
    "nested deeply": raw(b"[" * 200_000),
    "no object": raw([1, 2]),
    "an entry is missing": raw({"kind": "x", "number": "1", "fields": {}}),
    "an entry too many": raw(header(more=1)),
    "a number that is no text": raw(header(number=1)),
    "fields that are a list": raw(header(fields=[])),
    "no description": raw(header("ab")),
    "objects": raw(header(["ab", [1], "object"])),
    "a type with code": raw(header(["ab", [1], "O8"])),
    "a type that is a list": raw(header(["ab", [1], ["float32"]])),
    "no name": raw(header(["", [1], "uint8"])),
    "a name that is a path": raw(header(["../ab", [1], "uint8"])),
    "the same name twice": raw(header(["ab", [1], "uint8"], ["ab", [1], "uint8"])),
    "negative": raw(header(["ab", [-1], "uint8"])),
    "true is no size": raw(header(["ab", [True], "uint8"])),
    "a fraction": raw(header(["ab", [1.0], "uint8"])),
    "too large": raw(header(["ab", [1 << 10, 1 << 10], "float32"])),
    "too large together": raw(header(*([f"a{n}", [300, 300], "uint8"] for n in range(64)))),
    "an overflow": raw(header(["ab", [1 << 30, 1 << 30, 1 << 30], "float64"])),
    "empty and huge": raw(header(["ab", [0, 1 << 30, 1 << 30, 1 << 30], "float64"])),
    "many dimensions": raw(header(["ab", [1] * 9, "uint8"])),
    "many arrays": raw(header(*([f"a{n}", [1], "uint8"] for n in range(65)))),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_invalid_messages_are_refused_before_allocation(name: str) -> None:
    ours, theirs = pair()
    sender = threading.Thread(target=lambda: sent(theirs, HOSTILE[name]))
    sender.start()
    with pytest.raises(MessageError):
        ours.receive(10, 1 << 20)
    ours.close()
    sender.join()


def sent(end: socket.socket, data: bytes) -> None:
    try:
        end.sendall(data)
    except OSError:
        pass  # refused after its first bytes
    finally:
        end.close()


def test_a_pickle_is_not_loaded(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    payload = pickle.dumps(Bomb(mark))
    pickle.loads(payload)  # unpickling it would execute code
    mark.unlink()
    for data in (struct.pack("!i", len(payload)) + payload, payload, raw(payload)):
        ours, theirs = pair()
        sent(theirs, data)
        with pytest.raises(MessageError):
            ours.receive(5, 1 << 20)
        ours.close()
    assert not mark.exists()


def test_a_byte_other_than_0_or_1_becomes_a_valid_boolean(ends: Any) -> None:
    ours, theirs = ends
    theirs._socket.sendall(raw(header(["mask", [4], "bool"]), b"\0\1\2\xff"))
    mask = ours.receive(5, 4).arrays["mask"]
    assert mask.view(np.uint8).tolist() == [0, 1, 1, 1]


def test_sending_and_receiving_end_in_time(ends: Any) -> None:
    ours, theirs = ends
    start = time.monotonic()
    with pytest.raises(TimeoutError):
        ours.send(Message("x", arrays={"a": np.zeros(1 << 24, np.uint8)}), 0.2)
    with pytest.raises(TimeoutError):
        ours.receive(0.2)
    theirs._socket.sendall(b"CTK1")  # only the beginning of a message
    with pytest.raises(TimeoutError):
        ours.receive(0.2)
    assert time.monotonic() - start < 20


def test_a_message_that_has_arrived_is_in_time(ends: Any) -> None:
    """The receiving process may have been stopped until its time was over."""
    ours, theirs = ends
    theirs.send(Message("x", arrays={"a": np.arange(3)}))
    assert ours.receive(0, 100).arrays["a"].tolist() == [0, 1, 2]
    with pytest.raises(TimeoutError):
        ours.receive(0)


def test_a_partial_message_times_out(ends: Any) -> None:
    ours, theirs = ends
    data = raw(header(["a", [3], "uint8"]), b"\1\2\3")
    for byte in data[:-1]:
        theirs._socket.sendall(bytes([byte]))
        assert ours.poll(3) is None
    theirs._socket.sendall(data[-1:])
    assert wait([ours, theirs], 5) == [ours]
    message = ours.poll(3)
    assert message.arrays["a"].tolist() == [1, 2, 3]
    theirs.close()
    with pytest.raises(EOFError):
        ours.poll()


def test_an_unsendable_value_is_an_error_of_the_sender(ends: Any) -> None:
    ours, theirs = ends
    for message in (
        Message("x", arrays={"a": np.array([object()])}),
        Message("x", arrays={"a": np.zeros(2, np.complex64)}),
        Message("x", fields={"a": float("nan")}),
        Message("x", fields={"a": "x" * HEADER_BYTES}),
    ):
        with pytest.raises(ValueError, match="cannot be sent|JSON"):
            ours.send(message)
    assert theirs.idle()


class Process:
    """A stand-in for a worker process."""

    pid = 0


@pytest.fixture
def worker_and_child(ends: Any) -> tuple[WorkerProcess, Channel]:
    ours, theirs = ends
    return WorkerProcess("unused", started=(Process(), ours)), theirs  # type: ignore[arg-type]


def test_only_the_reply_to_the_open_request_is_taken(worker_and_child: Any) -> None:
    worker, child = worker_and_child
    worker.request("first", {"a": 1})
    worker.request("second")
    first, second = child.receive(5), child.receive(5)
    assert (first.kind, first.fields) == ("first", {"a": 1})
    assert first.number != second.number
    child.send(Message("reply", first.number, {"b": 2}))
    assert worker.wait_for_reply(5).fields == {"b": 2}
    for number in (first.number, "", "0" * 16):  # repeated, without a number, with a guessed number
        child.send(Message("reply", number))
        with pytest.raises(MessageError):
            worker.wait_for_reply(5)
    child.send(Message("reply", second.number))
    assert worker.wait_for_reply(5).kind == "reply"


def test_progress_of_the_open_request_is_accepted_until_its_reply(worker_and_child: Any) -> None:
    worker, child = worker_and_child
    worker.request("first")
    worker.request("second")
    first, second = child.receive(5), child.receive(5)
    assert worker.step == ""
    for step in ("reading", "colorizing"):
        child.send(Message("step", first.number, {"step": step}))
    assert worker.try_reply() is None
    assert worker.step == "colorizing"
    child.send(Message("step", first.number, {"step": "writing"}))
    child.send(Message("reply", first.number))
    child.send(Message("step", first.number, {"step": "writing"}))
    assert worker.try_reply().kind == "reply"
    assert worker.step == ""
    with pytest.raises(MessageError):  # a step of a request that already has its reply
        worker.try_reply()
    child.send(Message("step", second.number, {"step": 5}))
    assert worker.try_reply() is None
    assert worker.step == "5"
    for _ in range(20):  # a process that sends them without end does not hang its parent
        child.send(Message("step", second.number, {"step": 6}))
    child.send(Message("reply", second.number))
    assert worker.try_reply() is None
    assert worker.try_reply().kind == "reply"


def test_a_reply_before_its_request_is_refused(worker_and_child: Any) -> None:
    worker, child = worker_and_child
    child.send(Message("reply", "0" * 16))
    with pytest.raises(MessageError, match="before it got a request"):
        worker.request("first")


def test_errors_are_sent_as_text_and_become_known_classes() -> None:
    class Own(PredictionError):
        pass

    request = Message("x", "5")
    error = error_of(failure(request, Own("what", "why", "do")))
    assert type(error) is PredictionError
    assert str(error) == "what: why (do)"
    for kind in ("annotations", "__builtins__", "ColortkErrors", "", None, 5):
        fields = {"error": kind, "problem": "", "reason": "", "hint": ""}
        with pytest.raises(MessageError):
            error_of(Message("failure", "5", fields))
    with pytest.raises(MessageError):
        error_of(
            Message(
                "failure", "5", {"error": "PluginError", "problem": 5, "reason": "", "hint": ""}
            )
        )
    assert issubclass(errors.PluginError, ColortkError)
    assert type(error_of(failure(request, PluginError("a")))) is PluginError


@dataclass(frozen=True)
class Inner:
    path: Path | None
    pair: tuple[int, str]


@dataclass
class Outer:
    name: str
    inner: Inner
    many: tuple[Inner, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    flag: bool = False
    limit: float | None = None


def test_dataclasses_round_trip_or_are_refused() -> None:
    inner = Inner(Path("a/b"), (1, "x"))
    outer = Outer("n", inner, (inner, Inner(None, (2, ""))), {"read": 1.0}, True, 2.5)
    plain = json.loads(json.dumps(to_plain(outer)))
    assert from_plain(Outer, plain) == outer
    for name, value in {
        "name": 5, "inner": None, "many": "ab", "seconds": {"read": "1"}, "flag": 1, "limit": "2",
    }.items():  # fmt: skip
        with pytest.raises(ValueError, match=name):
            from_plain(Outer, plain | {name: value})
    for wrong in ({}, plain | {"more": 1}, [], None):
        with pytest.raises(ValueError, match="Outer has other fields"):
            from_plain(Outer, wrong)
    with pytest.raises(TypeError):
        to_plain({1, 2})


@dataclass
class Content:
    name: str
    parts: tuple[bytes, ...]
    score: float


def test_bytes_travel_in_a_buffer_and_infinite_numbers_as_words() -> None:
    buffer = bytearray()
    content = Content("n", (b"abc", b"", b"\x00\xff"), float("-inf"))
    plain = json.loads(json.dumps(to_plain(content, buffer), allow_nan=False))
    assert bytes(buffer) == b"abc\x00\xff"
    assert from_plain(Content, plain, bytes(buffer)) == content
    with pytest.raises(TypeError, match="bytes"):
        to_plain(content)


@pytest.mark.parametrize(
    "parts", [[0, 6], [-1, 2], [2, 1], [0], [0, 1, 2], [0.0, 1.0], [True, True], "ab", None]
)
def test_ranges_outside_the_buffer_are_refused(parts: object) -> None:
    with pytest.raises(ValueError, match="parts"):
        from_plain(Content, {"name": "n", "parts": [parts], "score": 1.0}, b"abcde")
    with pytest.raises(ValueError, match="score"):
        from_plain(Content, {"name": "n", "parts": [], "score": "infinity"}, b"abcde")


class Features(NamedTuple):
    code: str
    vector: bytes


@dataclass
class Described:
    features: dict[str, Features]


def test_named_tuples_round_trip_or_are_refused() -> None:
    described = Described({"alexnet": Features("abc", b"\x00\x01"), "none": Features("", b"")})
    buffer = bytearray()
    plain = json.loads(json.dumps(to_plain(described, buffer)))
    found = from_plain(Described, plain, bytes(buffer))
    assert found == described
    assert type(found.features["alexnet"]) is Features
    for wrong in (["abc"], ["abc", [0, 3]], [5, [0, 1]], ["abc", [0, 1], 1], {"code": "abc"}, "ab"):
        with pytest.raises(ValueError, match="features"):
            from_plain(Described, {"features": {"a": wrong}}, bytes(buffer))


def test_a_deadline_counts_down_to_zero() -> None:
    assert Deadline(None).left is None
    assert Deadline(0).left == 0
    assert 50 < (Deadline(60).left or 0) <= 60
