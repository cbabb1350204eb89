"""How long work of the shell tells whoever waits for it."""

from __future__ import annotations

from collections.abc import Callable

Show = Callable[[str, float, float], None]
"""Takes what runs now, how much of the whole is done, and how much the whole is."""
