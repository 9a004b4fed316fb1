"""Where the code itself says that something went. A `moved` block excuses what it moves, and nothing beside it."""

import re
from collections.abc import Iterable, Sequence

from tfmodule.contents import Call, DeclaredResource, Move

_KEY = re.compile(r"\[([^\]]*)\]")


class Moves:
    """The moves of one directory, and what its new version declares there, with its `count` or `for_each`."""

    def __init__(
        self, moves: Iterable[Move], resources: Sequence[DeclaredResource] = (), calls: Sequence[Call] = ()
    ) -> None:
        self._moves = [(one.before.strip(), one.after.strip()) for one in moves]
        self._declared: dict[str, str | None] = {f"{one.type}.{one.name}": one.key for one in resources}
        self._declared |= {f"module.{one.name}": one.key for one in calls}
        self._next = {bare(before): after for before, after in self._moves}

    def of(self, name: str, key: str | None, most: int | None) -> str | None:
        """Where all of a resource or a call went that had this key, and at most that many instances; None: not all."""
        whole: str | None = None
        single: dict[str, str] = {}
        for before, after in self._moves:
            if before == name and (not _keys(after) or key in ("", None)):
                whole = after
            elif bare(before) == name and (match := re.fullmatch(rf"{re.escape(name)}\[(\d+)\]", before)):
                single[match.group(1)] = after
        if whole is None and key == "count" and most and all(str(one) in single for one in range(most)):
            whole = single["0"]
            return bare(whole) if all(self._leads(bare(one)) for one in single.values()) else None
        if whole is None or not self._leads(bare(whole)) or self._ambiguous(whole):
            return None
        return None if not _keys(whole) and self._other_key(bare(whole), key) else bare(whole)

    @property
    def targets(self) -> frozenset[str]:
        return frozenset(_first(after) for _, after in self._moves)

    def _leads(self, target: str) -> bool:
        """Whether something is declared there, or where that moved on to."""
        seen: set[str] = set()
        while target not in seen:
            seen.add(target)
            if _first(target) in self._declared:
                return True
            target = bare(self._next.get(target, target))
        return False

    def _ambiguous(self, target: str) -> bool:
        """Terraform refuses two moves to one place."""
        return len({before for before, after in self._moves if after == target}) > 1

    def _other_key(self, target: str, key: str | None) -> bool:
        return rekeyed(key, self._declared.get(target))


def rekeyed(old: str | None, new: str | None) -> bool:
    """Whether instances have other addresses. Between nothing and `count` Terraform itself moves the first one."""
    return None not in (old, new) and old != new and "for_each" in (old, new)


def bare(address: str) -> str:
    """An address without the keys of instances."""
    return _KEY.sub("", address).strip()


def _keys(address: str) -> bool:
    return bool(_KEY.search(address))


def _first(address: str) -> str:
    """`aws_s3_bucket.this` itself, `module.a` for anything inside that call."""
    return ".".join(bare(address).split(".")[:2])
