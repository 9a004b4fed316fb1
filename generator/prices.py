"""What a call of a model costs, by a dated table. Money is whole millionths of a dollar."""

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import SettingsError
from generator.request import Usage

_SHIPPED = Path(__file__).parent / "prices.toml"


@dataclass(frozen=True)
class Price:
    """Dollars for a million tokens."""

    input: float
    output: float


@dataclass(frozen=True)
class Prices:
    """One table. `version` is the day it was made."""

    version: str
    models: Mapping[str, Price]
    cache_write: float
    cache_read: float

    def cost(self, model: str, usage: Usage) -> int:
        """What the API charges for this usage, rounded up."""
        price = self.models[model]
        tokens = usage.input_tokens + usage.cache_write_tokens * self.cache_write
        return math.ceil(
            (tokens + usage.cache_read_tokens * self.cache_read) * price.input + usage.output_tokens * price.output
        )

    def most(self, model: str, request_bytes: int, room: int) -> int:
        """What a call can cost at most: two bytes of the request for a token, and an answer that fills its room."""
        return self.cost(model, Usage(model, cache_write_tokens=request_bytes // 2 + 1, output_tokens=room))

    def check(self, models: Iterable[str]) -> None:
        """Raises SettingsError for a model without a price: what is not priced cannot be capped."""
        missing = sorted(set(models) - set(self.models))
        if missing:
            raise SettingsError(
                f"TERRASMITH_ANTHROPIC_PRICES is wrong: it has no price of {', '.join(missing)[:200]}; it expects "
                f"a file as docs/GENERATION.md shows it (the table of {self.version} is in use)."
            )


def read(path: Path | None = None) -> Prices:
    """The table in a file, or the one that is shipped."""
    try:
        values = tomllib.loads((path or _SHIPPED).read_text(encoding="utf-8"))
        models = {
            str(name): Price(_positive(one["input"]), _positive(one["output"]))
            for name, one in values["models"].items()
        }
        cache = values["cache"]
        return Prices(str(values["version"]), models, _positive(cache["write"]), _positive(cache["read"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingsError(
            f"TERRASMITH_ANTHROPIC_PRICES is wrong: {path} is no table of prices ({type(error).__name__}: {error}); it "
            "expects a TOML file as docs/GENERATION.md shows it."
        ) from None


def dollars(micros: int) -> str:
    """`$0.31`; a sum below a cent is shown as `$0.0042`, never as nothing."""
    return f"${micros / 1e6:,.4f}" if 0 < micros < 10_000 else f"${micros / 1e6:,.2f}"


def _positive(value: float) -> float:
    if isinstance(value, bool) or not 0 <= float(value) < math.inf:
        raise ValueError(f"{value!r} is no price")
    return float(value)
