"""Arrays as the bytes of .npy files, never with pickle."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt


def stored(values: npt.NDArray[Any]) -> bytes:
    """Return an array as the bytes of a .npy file."""
    buffer = io.BytesIO()
    np.save(buffer, values, allow_pickle=False)
    return buffer.getvalue()


def array(content: bytes) -> npt.NDArray[Any]:
    """Return the array whose bytes these are.

    Raises:
        ValueError: they are damaged, or hold objects.
    """
    found: npt.NDArray[Any] = np.load(io.BytesIO(content), allow_pickle=False)
    return found
