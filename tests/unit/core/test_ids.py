"""Identifiers: one shape, no repeats, in the order they were made."""

import re

from core.ids import new_id


def test_ids_have_one_shape_and_do_not_repeat() -> None:
    made = [new_id("req") for _ in range(2000)]
    assert len(set(made)) == len(made)
    assert all(re.fullmatch(r"req_[0-9a-z]{19}", one) for one in made)
    assert [one[:13] for one in made] == sorted(one[:13] for one in made)
