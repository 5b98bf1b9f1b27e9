"""Attacks on the expression language, by what they try."""

from __future__ import annotations

from tests.language.attacks_that_grow import BOMBS, BUILT
from tests.language.attacks_that_walk import WALKS

PAYLOADS = [*WALKS, *BOMBS, *BUILT]
