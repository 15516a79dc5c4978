"""Handwritten digits that come with scikit-learn: 1,797 real scans, no network needed."""

from __future__ import annotations

from kerascnn.spec import Sample, Scan, Source, register


@register("digits")
class Digits(Source):
    """The test part of the UCI set "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak 1998).

    1,797 grey pictures of 8 x 8 pixels in 10 classes, about 180 of each; scans of 43 people.
    """

    def scan(self) -> Scan:
        """Return the pictures, their 17 grey levels spread over 0 to 255."""
        import numpy as np
        from sklearn.datasets import load_digits

        bunch = load_digits()
        images = np.rint(bunch.images * (255 / 16)).astype("uint8")[..., None]
        samples = [Sample(f"{i:04d}", images[i], str(label)) for i, label in enumerate(bunch.target)]
        return Scan(samples, [str(digit) for digit in range(10)])
