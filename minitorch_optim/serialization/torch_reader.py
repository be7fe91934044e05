"""A reader of pickles that knows only what tensors, state dicts and plain containers are made of.

A pickle is a program for a machine with a stack. Python's own machine may import and call anything; this one knows
about forty instructions, none of which looks up a name outside of ``torch_names.NAMES``. So a pickle that asks for
``os.system`` is refused when it names it. Nothing recurses, and every length is compared with what is left of the
file.
"""

from __future__ import annotations

import struct
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from ..autograd.tensor import Array
from .structure import key_from
from .torch_names import NAMES, Builder, Storage, StorageKind

__all__ = ["ForbiddenName", "unpickle"]


class ForbiddenName(ValueError):
    """A pickle asks for something that is not data."""


class _Mark:
    """What opens a group of things on the stack."""


_MARK = _Mark()


class _Machine:
    """One reading: the bytes, the position in them, the stack and the memo."""

    def __init__(self, pickled: bytes, storage: Callable[[Any], Storage]) -> None:
        self.bytes = pickled
        self.position = 0
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.storage = storage

    # -- reading ---------------------------------------------------------------------------------

    def take(self, count: int) -> bytes:
        """The next ``count`` bytes."""
        start, end = self.position, self.position + count
        if end > len(self.bytes):
            raise ValueError("it ends in the middle of an instruction")
        self.position = end
        return self.bytes[start:end]

    def number(self, form: str) -> Any:
        """A number in ``struct``'s form."""
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def text(self, count: int) -> str:
        """A string of ``count`` bytes."""
        return self.take(count).decode("utf-8", "surrogatepass")

    def line(self) -> str:
        """What comes up to the end of the line."""
        end = self.bytes.find(b"\n", self.position, self.position + 1000)
        if end < 0:
            raise ValueError("a name does not end")
        return self.take(end + 1 - self.position)[:-1].decode("utf-8")

    # -- the stack -------------------------------------------------------------------------------

    def pop(self) -> Any:
        """The top of the stack, which must be no mark."""
        top = self.stack.pop()
        if top is _MARK:
            raise ValueError("a mark where a value should be")
        return top

    def top(self, *kinds: Any) -> Any:
        """The top of the stack, left there, which must be of one of these kinds."""
        if type(self.stack[-1]) not in kinds:
            raise ValueError(f"a {type(self.stack[-1]).__name__} where a container should be")
        return self.stack[-1]

    def since_mark(self) -> list[Any]:
        """All above the last mark; the mark goes too."""
        for i in range(len(self.stack) - 1, -1, -1):
            if self.stack[i] is _MARK:
                group = self.stack[i + 1 :]
                del self.stack[i:]
                return group
        raise ValueError("a mark is missing")

    def data(self, value: Any) -> Any:
        """``value``, which must be something that a user may see."""
        if isinstance(value, Builder | Storage | StorageKind | _Mark):
            raise ValueError("a function or a storage where a value should be")
        return value

    # -- instructions that are more than a line --------------------------------------------------

    def name(self, module: Any, name: Any) -> None:
        """Push what a name means."""
        meaning = NAMES.get(f"{module}.{name}")
        if meaning is None:
            raise ForbiddenName(f"{module}.{name}")
        self.stack.append(meaning)

    def call(self) -> None:
        """Call one of our own builders."""
        arguments, builder = self.pop(), self.pop()
        if not isinstance(builder, Builder) or type(arguments) is not tuple:
            raise ValueError("a call of something that is no function")
        self.stack.append(builder.build(*arguments))

    def append(self, values: list[Any]) -> None:
        """Append to the list on top."""
        self.top(list).extend(map(self.data, values))

    def add(self, members: list[Any]) -> None:
        """Add to the set on top."""
        self.top(set).update(map(key_from, members))

    def set_items(self, pairs: list[Any]) -> None:
        """Write keys and values into the dict on top."""
        target = self.top(dict, OrderedDict)
        if len(pairs) % 2:
            raise ValueError("a key without a value")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            target[key_from(key)] = self.data(value)

    def build(self) -> None:
        """Attributes: those of a state dict are the versions of its modules, which the layers here do not need."""
        self.pop()
        self.top(OrderedDict)

    def make_tuple(self, count: int) -> None:
        """Make the last ``count`` values a tuple."""
        values = [self.pop() for _ in range(count)]
        self.stack.append(tuple(reversed(values)))

    def whole(self, count: int) -> None:
        """A whole number of ``count`` bytes."""
        self.stack.append(int.from_bytes(self.take(count), "little", signed=True))

    def pop_two(self) -> list[Any]:
        """The last two values, in their order."""
        last = self.pop()
        return [self.pop(), last]

    def run(self) -> Any:
        """Carry out instruction by instruction, up to the end."""
        while (code := self.take(1)) != b".":
            instruction = _INSTRUCTIONS.get(code)
            if instruction is None:
                raise ForbiddenName(f"the pickle instruction {code!r}")
            instruction(self)
        result = self.data(self.pop())
        if self.stack:
            raise ValueError("something is left on the stack")
        return result


def _put(m: _Machine, number: int) -> None:
    m.memo[number] = m.stack[-1]


def _protocol(m: _Machine) -> None:
    if m.number("<B") > 5:
        raise ValueError("an unknown protocol")


# One line for each instruction, by its name in the standard library's pickletools.
_INSTRUCTIONS: dict[bytes, Callable[[_Machine], Any]] = {
    b"\x80": _protocol,  # PROTO
    b"\x95": lambda m: m.number("<Q"),  # FRAME
    b"c": lambda m: m.name(m.line(), m.line()),  # GLOBAL
    b"\x93": lambda m: m.name(*m.pop_two()),  # STACK_GLOBAL
    b"R": lambda m: m.call(),  # REDUCE
    b"b": lambda m: m.build(),  # BUILD
    b"Q": lambda m: m.stack.append(m.storage(m.pop())),  # BINPERSID
    b"(": lambda m: m.stack.append(_MARK),  # MARK
    b"q": lambda m: _put(m, m.number("<B")),  # BINPUT
    b"r": lambda m: _put(m, m.number("<I")),  # LONG_BINPUT
    b"\x94": lambda m: _put(m, len(m.memo)),  # MEMOIZE
    b"h": lambda m: m.stack.append(m.memo[m.number("<B")]),  # BINGET
    b"j": lambda m: m.stack.append(m.memo[m.number("<I")]),  # LONG_BINGET
    b"N": lambda m: m.stack.append(None),  # NONE
    b"\x88": lambda m: m.stack.append(True),  # NEWTRUE
    b"\x89": lambda m: m.stack.append(False),  # NEWFALSE
    b"J": lambda m: m.stack.append(m.number("<i")),  # BININT
    b"K": lambda m: m.stack.append(m.number("<B")),  # BININT1
    b"M": lambda m: m.stack.append(m.number("<H")),  # BININT2
    b"\x8a": lambda m: m.whole(m.number("<B")),  # LONG1
    b"G": lambda m: m.stack.append(m.number(">d")),  # BINFLOAT
    b"X": lambda m: m.stack.append(m.text(m.number("<I"))),  # BINUNICODE
    b"\x8c": lambda m: m.stack.append(m.text(m.number("<B"))),  # SHORT_BINUNICODE
    b"B": lambda m: m.stack.append(m.take(m.number("<I"))),  # BINBYTES
    b"C": lambda m: m.stack.append(m.take(m.number("<B"))),  # SHORT_BINBYTES
    b"]": lambda m: m.stack.append([]),  # EMPTY_LIST
    b"}": lambda m: m.stack.append({}),  # EMPTY_DICT
    b"\x8f": lambda m: m.stack.append(set()),  # EMPTY_SET
    b"\x90": lambda m: m.add(m.since_mark()),  # ADDITEMS
    b"\x91": lambda m: m.stack.append(frozenset(map(key_from, m.since_mark()))),  # FROZENSET
    b")": lambda m: m.stack.append(()),  # EMPTY_TUPLE
    b"t": lambda m: m.stack.append(tuple(m.since_mark())),  # TUPLE
    b"\x85": lambda m: m.make_tuple(1),  # TUPLE1
    b"\x86": lambda m: m.make_tuple(2),  # TUPLE2
    b"\x87": lambda m: m.make_tuple(3),  # TUPLE3
    b"a": lambda m: m.append([m.pop()]),  # APPEND
    b"e": lambda m: m.append(m.since_mark()),  # APPENDS
    b"s": lambda m: m.set_items(m.pop_two()),  # SETITEM
    b"u": lambda m: m.set_items(m.since_mark()),  # SETITEMS
}


def unpickle(pickled: bytes, storage: Callable[[StorageKind, str, int], Array]) -> Any:
    """The value of a pickle.

    Parameters
    ----------
    pickled : bytes
    storage : callable(kind, key, count)
        gives the bytes of a storage of ``count`` elements, in this machine's order, bfloat16 as float32

    Raises
    ------
    ForbiddenName
        if the pickle asks for something that is not data
    ValueError, TypeError, LookupError and the like
        if it is no pickle, or makes no sense
    """
    known: dict[str, Storage] = {}

    def of(place: Any) -> Storage:
        word, kind, key, _, count = place
        if word != "storage" or not isinstance(kind, StorageKind) or type(key) is not str or type(count) is not int:
            raise ValueError("a storage that is none")
        if key not in known:
            known[key] = Storage(storage(kind, key, count), kind)
        if known[key].kind != kind:
            raise ValueError(f"storage {key} has two dtypes")
        return known[key]

    return _Machine(pickled, of).run()
