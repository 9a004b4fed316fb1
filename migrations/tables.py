"""Every table of Terrasmith in one metadata, for Alembic alone: it must know them all, nobody else may."""

import accounts.models
import bot.models
import core.models
import registry.models
from core.db import Base

__all__ = ["accounts", "bot", "core", "registry"]

metadata = Base.metadata
