"""The picture sets that Keras knows by name."""

from __future__ import annotations

from typing import Literal

from kerascnn.errors import DataError
from kerascnn.spec import Sample, Scan, Source, register

_FASHION = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
_CIFAR10 = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


@register("keras_dataset")
class KerasDataset(Source):
    """One of `keras.datasets`, downloaded once by Keras into its own folder (`~/.keras/datasets`).

    Its test part is the test split. This is the only source that goes to the network, and only where its file is not
    there yet.
    """

    name: Literal["mnist", "fashion_mnist", "cifar10", "cifar100"]
    """mnist and fashion_mnist: 70,000 grey pictures of 28 x 28; cifar10 and cifar100: 60,000 in colour, 32 x 32."""

    def scan(self) -> Scan:
        """Return the pictures as arrays. Raises DataError where they are neither there nor to be had."""
        import keras

        try:
            train, test = getattr(keras.datasets, self.name).load_data()
        # Keras raises a bare Exception for a network that is not there.
        except Exception as error:
            reason = " ".join(str(error).split())
            raise DataError(
                f"keras.datasets.{self.name} is not on this machine and could not be downloaded ({reason}); load it "
                "once where there is a network and copy ~/.keras/datasets here, or use another source"
            ) from error
        names = {"fashion_mnist": _FASHION, "cifar10": _CIFAR10}.get(self.name)
        labels = names or [str(i) for i in range(int(train[1].max()) + 1)]
        samples = [
            Sample(f"{split}/{i:05d}", image[..., None] if image.ndim == 2 else image, labels[int(number)], split)
            for split, (images, numbers) in (("train", train), ("test", test))
            for i, (image, number) in enumerate(zip(images, numbers.ravel(), strict=True))
        ]
        return Scan(samples, labels)
