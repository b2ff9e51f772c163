"""The package file: a ZIP archive without compression that can be written in exactly one way.

Any unzip opens it. Names and contents decide every byte: no times, attributes, comments or extra fields that could
differ. The reader takes
the archive apart by itself, writes it again, and compares: a bit flipped anywhere outside the contents (which are
hashed) is noticed.
Only the CRC of a member is left to the step that compares hashes, so that a damaged picture is told as that.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from mmap import mmap

from pipeline.evidence.errors import ContainerError, Refusal
from pipeline.evidence.limits import MAX_MEMBER_NAME_CHARACTERS, MAX_MEMBERS, MAX_PACKAGE_BYTES

ENVELOPE_NAME = "envelope.json"

Stored = bytes | mmap
"""A package as it can be read: its bytes, or a map of its file."""

_NAME = re.compile(rf"[a-z0-9](?:[a-z0-9_-]|\.(?=[a-z0-9])){{0,{MAX_MEMBER_NAME_CHARACTERS - 1}}}")

# Field order as in the ZIP application note, 4.3.7, 4.3.12 and 4.3.16; the archives have one disk, no comment, no extra
# field.
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_LOCAL_MAGIC, _CENTRAL_MAGIC, _END_MAGIC = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"

_VERSION_NEEDED = 10  # stored, no directories
_MADE_BY = (3 << 8) | 20  # Unix, so that the attributes below are read as a file mode
_REGULAR_FILE_0644 = 0o100644 << 16
_STORED = 0
_MIDNIGHT, _FIRST_DAY = 0, (1 << 5) | 1  # 1980-01-01 00:00, the earliest that ZIP can say


@dataclass(frozen=True)
class Entry:
    """A member of the archive.

    Attributes:
        name: Plain file name.
        view: Contents, a view into the archive: three megabytes are not copied to be hashed.
        crc_matches: Whether the CRC-32 stored in the archive is that of the contents.
    """

    name: str
    view: memoryview
    crc_matches: bool

    @property
    def data(self) -> bytes:
        """Contents, copied."""
        return bytes(self.view)


def is_safe_name(name: str) -> bool:
    """Whether a name may stand in a package: lower-case letters, digits, `_`, `-`, single dots; no folders."""
    return _NAME.fullmatch(name) is not None


def pack(entries: Sequence[tuple[str, bytes]]) -> bytes:
    """Write the archive.

    Args:
        entries: Name and contents of each member, the envelope first.

    Raises:
        ContainerError: A name is not allowed or stands twice, there are too many members, or the package would
            be too large.
    """
    _check_names([name for name, _ in entries])
    packed = b"".join(_archive([(name, data, zlib.crc32(data)) for name, data in entries]))
    _check_size(len(packed))
    return packed


def unpack(package: Stored) -> list[Entry]:
    """Take a package apart.

    Args:
        package: The file: bytes, or a map of it; nobody may write to it meanwhile.

    Raises:
        ContainerError: It is not a package written by `pack`; the sentence says what was found.
    """
    data = memoryview(package)
    if not data:
        raise ContainerError("the file is empty", Refusal.NOT_A_PACKAGE)
    _check_size(len(data))
    if data[:4] != _LOCAL_MAGIC:
        raise ContainerError("this is not an evidence package: it does not begin as one", Refusal.NOT_A_PACKAGE)
    found: list[tuple[str, memoryview, int]] = []
    starts: list[int] = []
    offset = 0
    while data[offset : offset + 4] == _LOCAL_MAGIC:
        if len(found) > MAX_MEMBERS:
            raise ContainerError(f"it holds more than {MAX_MEMBERS} members", Refusal.TOO_MANY_MEMBERS)
        name, crc, start, end = _read_local(data, offset)
        found.append((name, data[start:end], crc))
        starts.append(start)
        offset = end
    _check_names([name for name, _, _ in found])
    _compare(data, found, starts, after_members=offset)
    return [Entry(name, contents, zlib.crc32(contents) == crc) for name, contents, crc in found]


def _read_local(data: memoryview, offset: int) -> tuple[str, int, int, int]:
    """Name, CRC, and the contents' start and end of the member whose local header is at `offset`."""
    if len(data) < offset + _LOCAL.size:
        raise ContainerError(f"it is cut short at byte {len(data)}, inside the header of a member", Refusal.CUT_SHORT)
    _, _, flags, method, _, _, crc, packed_size, size, name_length, extra_length = _LOCAL.unpack_from(data, offset)
    if flags or method != _STORED or packed_size != size or extra_length:
        raise ContainerError(
            f"the member at byte {offset} is compressed, encrypted or has extra fields: a package is stored plainly",
            Refusal.NOT_STORED_PLAINLY,
        )
    if name_length > MAX_MEMBER_NAME_CHARACTERS:
        raise ContainerError(
            f"a member's name is {name_length} bytes long, more than {MAX_MEMBER_NAME_CHARACTERS}", Refusal.NAME_REFUSED
        )
    start = offset + _LOCAL.size + name_length
    name = bytes(data[offset + _LOCAL.size : start]).decode("ascii", "backslashreplace")
    if start + size > len(data):
        raise ContainerError(
            f"it is cut short: {name!r} says {size} bytes, but only {max(0, len(data) - start)} follow",
            Refusal.CUT_SHORT,
        )
    return name, crc, start, start + size


def _check_names(names: Sequence[str]) -> None:
    if not names or names[0] != ENVELOPE_NAME:
        raise ContainerError(f"the first member is not {ENVELOPE_NAME}", Refusal.NOT_A_PACKAGE)
    if len(names) - 1 > MAX_MEMBERS:
        raise ContainerError(f"it holds more than {MAX_MEMBERS} members", Refusal.TOO_MANY_MEMBERS)
    for name in names:
        if not is_safe_name(name):
            raise ContainerError(
                f"the member name {name[:100]!r} is not allowed: only a-z, 0-9, '_', '-' and single dots, no folders",
                Refusal.NAME_REFUSED,
            )
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ContainerError(f"the member {name!r} stands twice", Refusal.MEMBER_TWICE)
        seen.add(name)


def _check_size(size_bytes: int) -> None:
    if size_bytes > MAX_PACKAGE_BYTES:
        raise ContainerError(f"it is larger than {MAX_PACKAGE_BYTES} bytes", Refusal.TOO_LARGE)


def _archive(entries: Sequence[tuple[str, bytes | memoryview, int]]) -> Iterator[bytes | memoryview]:
    """The pieces of the one way to write these members."""
    offset = 0
    directory: list[bytes] = []
    for name, contents, crc in entries:
        raw = name.encode("ascii")
        size = len(contents)
        fields = (_VERSION_NEEDED, 0, _STORED, _MIDNIGHT, _FIRST_DAY, crc, size, size, len(raw), 0)
        yield _LOCAL.pack(_LOCAL_MAGIC, *fields) + raw
        yield contents
        directory.append(_CENTRAL.pack(_CENTRAL_MAGIC, _MADE_BY, *fields, 0, 0, 0, _REGULAR_FILE_0644, offset) + raw)
        offset += _LOCAL.size + len(raw) + size
    central = b"".join(directory)
    yield central
    yield _END.pack(_END_MAGIC, 0, 0, len(entries), len(entries), len(central), offset, 0)


def _compare(
    data: memoryview, found: Sequence[tuple[str, memoryview, int]], starts: Sequence[int], *, after_members: int
) -> None:
    """Refuse any byte that `pack` would not have written there.

    Contents are cut from `data` itself (at `starts`): of them only the place can be wrong, and comparing three
    megabytes with themselves, a byte at a time as `memoryview` does it, took longer than everything else.
    """
    position = 0
    places = iter(starts)
    for piece in _archive(found):
        end = position + len(piece)
        own = isinstance(piece, memoryview)
        if position != next(places) if own else bytes(data[position:end]) != piece:
            if end > len(data):
                raise ContainerError(
                    f"it is cut short at byte {len(data)}, in the directory at its end", Refusal.CUT_SHORT
                )
            if position >= after_members:
                raise ContainerError(
                    "the directory at its end does not describe its members in the canonical way",
                    Refusal.CONTAINER_NOT_CANONICAL,
                )
            raise ContainerError(
                f"the header of a member at byte {position} is not written in the canonical way",
                Refusal.CONTAINER_NOT_CANONICAL,
            )
        position = end
    if position != len(data):
        raise ContainerError(f"{len(data) - position} bytes follow its end", Refusal.BYTES_AFTER_THE_END)
