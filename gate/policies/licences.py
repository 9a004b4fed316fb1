"""Which licence a module stands under, by the words of its licence file. Knows the common ones; guesses none."""

import re

from tfmodule.files import FileMap

_NAMES = tuple(
    f"{name}{ending}" for name in ("LICENSE", "LICENCE", "COPYING", "UNLICENSE") for ending in ("", ".md", ".txt")
)
_SPDX = re.compile(r"SPDX-License-Identifier:\s*([A-Za-z0-9.+-]{1,64})")
_LONGEST = 20_000
# The first that holds all of its words decides: a text that quotes another licence comes after that licence.
_WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("AGPL-3.0", ("gnu affero general public license", "version 3")),
    ("LGPL-3.0", ("gnu lesser general public license", "version 3")),
    ("LGPL-2.1", ("gnu lesser general public license", "version 2.1")),
    ("GPL-3.0", ("gnu general public license", "version 3")),
    ("GPL-2.0", ("gnu general public license", "version 2")),
    ("MPL-2.0", ("mozilla public license", "2.0")),
    ("BUSL-1.1", ("business source license",)),
    ("EPL-2.0", ("eclipse public license", "2.0")),
    ("Apache-2.0", ("apache license", "version 2.0")),
    ("BSD-3-Clause", ("redistribution and use in source and binary forms", "neither the name")),
    ("BSD-2-Clause", ("redistribution and use in source and binary forms",)),
    ("ISC", ("permission to use, copy, modify, and/or distribute this software for any purpose",)),
    ("MIT", ("permission is hereby granted, free of charge", "the software is provided")),
    ("CC0-1.0", ("cc0 1.0 universal",)),
    ("Unlicense", ("this is free and unencumbered software",)),
)


def licence_file(files: FileMap) -> str | None:
    """The path of the licence at the module's root."""
    names = {path.casefold(): path for path in sorted(files, reverse=True) if "/" not in path}
    return next((names[name.casefold()] for name in _NAMES if name.casefold() in names), None)


def licence_of(files: FileMap) -> str | None:
    """Its SPDX id; None where there is no licence, or one that is not known here."""
    path = licence_file(files)
    if path is None:
        return None
    text = files[path][:_LONGEST].decode("utf-8", "replace")
    if match := _SPDX.search(text):
        return match[1]
    plain = " ".join(text.casefold().split())
    return next((name for name, words in _WORDS if all(word in plain for word in words)), None)
