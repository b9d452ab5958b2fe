"""Kubernetes quantities (`500m`, `1.5Gi`) as exact numbers. Pure.

Not `kubernetes.utils.quantity`: it takes `1 Gi`, `1K` and `-1`, which the API server refuses or nobody means, and
importing it costs 34 MB.
"""

import re
from decimal import Decimal
from typing import Final

_FACTORS: Final = {
    **{suffix: Decimal(1000) ** power for suffix, power in {"n": -3, "u": -2, "m": -1, "": 0}.items()},
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate("kMGTPE", start=1)},
    **{f"{suffix}i": Decimal(1024) ** power for power, suffix in enumerate("KMGTPE", start=1)},
}
# resource.Quantity's grammar, without a minus sign. Three digits of exponent are more than it can hold.
_SHAPE: Final = re.compile(r"\+?(\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,3}))?")


def parse_quantity(text: str) -> Decimal:
    """The number that a quantity means: cores, bytes, or a plain count.

    Raises:
        ValueError: the API server would refuse it, or it is negative.
    """
    match = _SHAPE.fullmatch(text) if text.isascii() else None
    if match is None:
        raise ValueError(f"{text[:40]!r} isn't a quantity: write it like 250m, 2, 128Mi or 1.5Gi")
    number, suffix, exponent = match.groups()
    return Decimal(number) * (Decimal(10) ** int(exponent) if exponent else _FACTORS[suffix or ""])


def is_quantity(text: str) -> bool:
    """Whether `parse_quantity` takes it."""
    return text.isascii() and _SHAPE.fullmatch(text) is not None
