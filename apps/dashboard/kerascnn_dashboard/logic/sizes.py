"""Numbers as people read them."""

from __future__ import annotations


def said(size: float) -> str:
    """Return a number of bytes in words.

    >>> said(999), said(2_500_000), said(91 << 30)
    ('999 bytes', '2.4 MB', '91 GB')
    """
    if size < 1024:
        return f"{int(size)} byte{'s' if int(size) != 1 else ''}"
    for unit in ("kB", "MB", "GB", "TB"):
        size /= 1024
        if size < 1023.5 or unit == "TB":
            break
    return f"{size:.1f} {unit}" if size < 9.95 else f"{size:.0f} {unit}"
