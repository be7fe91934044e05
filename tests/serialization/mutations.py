"""Damage files in every way that can be thought of, and load them.

    python tests/serialization/mutations.py COUNT SEED [FILE ...]

The files are our own, PyTorch's as we write them, and those that are named. Each is changed once or several times; half
of the changes leave all checksums right, as an attacker would make them. A file must be refused with a
SerializationError, or give what was saved (if checksums were not repaired), or at least nothing but data (if they
were). Meanwhile the process may not take more than 300 MB of memory, nor do anything that Python's audit events report,
such as opening a file, importing, compiling or starting a program. Prints how many were read and refused, and the
longest time that the processor spent on one.
"""

from __future__ import annotations

import io
import json
import random
import struct
import sys
import time
import zipfile
import zlib
from collections import Counter, OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import minitorch_optim as mt
from minitorch_optim.serialization import SerializationError

chance = random.Random()
PREFIX = struct.Struct("<8sIIQQ")
EXTREMES = [0, 1, 2**7, 2**8 - 1, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63, 2**64 - 1]
ATTACKS = [
    b"cos\nsystem\n", b"cbuiltins\neval\n", b"cposix\nsystem\nX\4\0\0\0true\x85R",
    b"cnumpy\nzeros\nJ\xff\xff\xff\x7f\x85R", b"c__builtin__\ngetattr\n", b"ctorch._utils\n_rebuild_tensor_v2\n",
    b"ctorch\nFloatStorage\n", b"c_codecs\nencode\n", b"ccollections\nOrderedDict\n", b"ctorch\nSize\n",
    b"c__builtin__\nset\n", b"\x8c\2os\x8c\6system\x93", b"R", b"Q", b"b", b"(", b"t", b"e", b"u", b"s", b"a", b"h\0",
    b"h\1", b"q\0", b"\x85" * 3000, b"]" * 3000, b"\x86", b"\x87", b"}", b")", b"X\xff\xff\xff\xff",
    b"X\xff\xff\xff\x7f", b"\x8a\xff", b"\x8b\xff\xff\xff\x7f", b"J\xff\xff\xff\x7f", b"K\0", b"J\xff\xff\xff\xff",
    b"j\xff\xff\xff\xff", b"r\xff\xff\xff\xff", b"N", b"\x88", b"0", b"2", b"1", b".", b"\x94",
]  # fmt: skip


def originals(files: list[str]) -> list[tuple[bytes, Any]]:
    """Contents of files, and what is in them."""
    model = mt.nn.Sequential(mt.nn.Linear(3, 4), mt.nn.BatchNorm1d(4))
    optimizer = mt.optim.Adam(model.parameters())
    model(mt.rand(5, 3)).sum().backward()
    optimizer.step()
    x = mt.arange(12).float().view(3, 4)
    values = [
        {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3},
        [x, x.t(), x[1:], mt.nn.Parameter(mt.ones(2)), mt.eye(3).to_sparse(), mt.zeros(0, 2), mt.ones(2).expand(3, 2)],
        {"numbers": [1, -(2**40), 2**70, 0.5, None, True, 1j, b"ab", "é"], (1, "k"): {1, 2}, "c": Counter([1, 1])},
    ]
    contents = [Path(file).read_bytes() for file in files]
    for value in values:
        for format in ("minitorch", "torch"):
            file = io.BytesIO()
            mt.save(value, file, format=format)
            contents.append(file.getvalue())
    return [(content, mt.load(io.BytesIO(content))) for content in contents]


# -- changes that chance makes ------------------------------------------------------------------


def place(content: bytes) -> int:
    return chance.randrange(len(content) + 1)


def flipped(content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 8, 50])):
        if changed:
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def cut(content: bytes) -> bytes:
    return content[: place(content)]


def left_out(content: bytes) -> bytes:
    at = place(content)
    return content[:at] + content[at + chance.choice([1, 2, 8, 64, 500]) :]


def doubled(content: bytes) -> bytes:
    at, length = place(content), chance.choice([1, 4, 64, 500])
    return content[:at] + content[at : at + length] * chance.choice([2, 3, 50]) + content[at + length :]


def noise(content: bytes) -> bytes:
    at = place(content)
    return content[:at] + chance.randbytes(chance.choice([1, 4, 30])) + content[at:]


def number(content: bytes) -> bytes:
    size = chance.choice([1, 2, 4, 8])
    at = place(content)
    value = chance.choice(EXTREMES) % 256**size
    return content[:at] + value.to_bytes(size, chance.choice(["little", "big"])) + content[at + size :]


def emptied(content: bytes) -> bytes:
    at, length = place(content), chance.choice([1, 16, 200])
    return content[:at] + bytes(len(content[at : at + length])) + content[at + length :]


def attack(content: bytes) -> bytes:
    at = place(content)
    return content[:at] + chance.choice(ATTACKS) + content[at + chance.choice([0, 0, 1, 2, 5]) :]


ACCIDENTS: list[Callable[[bytes], bytes]] = [flipped, cut, left_out, doubled, noise, number, emptied]


def accidents(content: bytes) -> bytes:
    for _ in range(chance.choice([1, 1, 1, 2, 4])):
        content = chance.choice(ACCIDENTS)(content)
    return content


# -- changes that somebody makes ----------------------------------------------------------------


def crafted(content: bytes) -> bytes:
    return crafted_own(content) if content.startswith(b"\x89MTO") else crafted_archive(content)


def crafted_own(content: bytes) -> bytes:
    """The description is changed, and its checksum and all lengths are right again."""
    _, version, _, length, _ = PREFIX.unpack(content[:32])
    description, rest = content[32 : 32 + length], content[32 + length + -(32 + length) % 64 :]
    if chance.random() < 0.3:
        description = accidents(description)
    else:
        tree = json.loads(description)
        for _ in range(chance.choice([1, 1, 2, 5])):
            change_tree(tree)
        description = json.dumps(tree).encode()
    length = len(description)
    padding = -(32 + length) % 64
    total = 32 + length + padding + len(rest)
    prefix = PREFIX.pack(b"\x89MTO\r\n\x1a\n", version, zlib.crc32(description), length, total)
    return prefix + description + bytes(padding) + rest


def change_tree(tree: Any) -> None:
    """Put something else in the place of one leaf or branch."""
    while True:
        keys = list(tree) if isinstance(tree, dict) else list(range(len(tree)))
        if not keys:
            return
        key = chance.choice(keys)
        if isinstance(tree[key], dict | list) and chance.random() < 0.85:
            tree = tree[key]
            continue
        replaced = [
            0, 1, -1, 2**31, 2**63, -(2**63), 10**30, 1.5, float("nan"), "", "tensor", "sparse", "dict", "<f8", "O",
            "<V9", "|b1", "<U999999999", None, True, [], [0], [[0]], [10**6], {}, [[1, 2]], [-8], [8], [2**40, 2**40],
            "__import__('os')", ["int", "0x" + "f" * 5000], ["dtype", "O"], ["device", "cuda"], ["tensor", 0, True],
            ["Size", ["len"]], [2**20] * 40, [0] * 40, tree[key],
        ]  # fmt: skip
        tree[key] = chance.choice(replaced)
        if isinstance(tree, list) and chance.random() < 0.1:
            tree.append(tree[key])
        return


def crafted_archive(content: bytes) -> bytes:
    """Records are changed, and their checksums are right again; or the archive plays tricks."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        records = [(record.filename, archive.read(record)) for record in archive.infolist()]
    trick = chance.randrange(10)
    compression = zipfile.ZIP_STORED
    if trick == 0:
        compression = zipfile.ZIP_DEFLATED
        records.append(("archive/data/bomb", bytes(10_000_000)))
    elif trick == 1:
        records.append(chance.choice(records))
    elif trick == 2:
        chance.shuffle(records)
    elif trick == 3:
        at = chance.randrange(len(records))
        names = (
            "../../x",
            "/etc/passwd",
            "archive/data.pkl",
            "archive/constants.pkl",
            "a/b/data.pkl",
            "x\0y",
            "é/data.pkl",
        )
        records[at] = chance.choice(names), records[at][1]
    else:
        at = chance.randrange(len(records)) if trick == 4 else [n.endswith("data.pkl") for n, _ in records].index(True)
        changed = records[at][1]
        for _ in range(chance.choice([1, 1, 2, 4])):
            changed = chance.choice([accidents, attack, attack])(changed)
        records[at] = (records[at][0], changed)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in records:
            archive.writestr(zipfile.ZipInfo(name), data, compression, compresslevel=1)
    result = file.getvalue()
    if chance.random() < 0.2:  # sizes and offsets in the directory at the end
        at = result.find(b"PK\1\2") + chance.randrange(200)
        result = result[:at] + chance.choice(EXTREMES).to_bytes(8, "little")[: chance.choice([2, 4])] + result[at + 4 :]
    return result


# -- what may come of it ------------------------------------------------------------------------


def same(a: Any, b: Any) -> bool:
    if isinstance(a, mt.Tensor) and isinstance(b, mt.Tensor):
        if a.is_sparse or b.is_sparse:
            return a.is_sparse and b.is_sparse and bool((a.to_dense() == b.to_dense()).all())
        return a.dtype == b.dtype and a.shape == b.shape and a._array.tobytes() == b._array.tobytes()
    if isinstance(a, dict) and type(a) is type(b):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple) and type(a) is type(b):
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and bool(a == b)


DATA = (
    mt.Tensor, mt.device, np.ndarray, np.generic, np.dtype, str, bytes, int, float, complex, set, frozenset, type(None),
)  # fmt: skip


def check_data(value: Any) -> None:
    """Raise AssertionError if there is anything but data in ``value``, however deep."""
    seen: set[int] = set()
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if type(value) in (dict, OrderedDict, Counter):
            waiting.extend(value)
            waiting.extend(value.values())
        elif type(value) in (list, tuple, mt.Size):
            waiting.extend(value)
        else:
            assert isinstance(value, DATA), type(value)


def main(count: int, seed: int, files: list[str]) -> None:
    """Load ``count`` changed files."""
    chance.seed(seed)
    mt.manual_seed(0)
    given = originals(files)
    events: Counter[tuple[str, str]] = Counter()
    watching = False
    sys.addaudithook(lambda event, arguments: events.update([(event, str(arguments)[:100])]) if watching else None)
    limit_memory(300 * 2**20)
    read = refused = 0
    longest = 0.0
    for i in range(count + 200):
        content, value = given[i % len(given)]
        repaired = chance.random() < 0.5
        changed = (crafted if repaired else accidents)(content)
        watching = i >= 200  # what is imported when it is first needed has been imported
        start = time.process_time()
        try:
            loaded = mt.load(io.BytesIO(changed))
        except SerializationError:
            loaded, this = None, 0
        else:
            this = 1
        took = time.process_time() - start
        watching = False
        if this and repaired:
            check_data(loaded)
        elif this:
            assert same(loaded, value), f"change {i} was read as something else"
        if i >= 200:
            read, refused, longest = read + this, refused + 1 - this, max(longest, took)
    assert not events, events
    print(read, refused, f"{longest:.3f}")


def limit_memory(more: int) -> None:
    """Let the process take ``more`` bytes and no more, where that can be asked for."""
    try:
        import resource
    except ImportError:
        return
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else None
    if pages is not None:
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + more,) * 2)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
