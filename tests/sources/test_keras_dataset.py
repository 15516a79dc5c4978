"""Keras's own sets, with a stand-in for the download."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from kerascnn.errors import DataError
from kerascnn.sources.keras_dataset import KerasDataset
from kerascnn.testing import check_component, check_source


def stand_in(monkeypatch: pytest.MonkeyPatch, name: str, shape: tuple[int, ...], classes: int) -> None:
    """Let Keras have the set already: 20 training and 5 test pictures of this shape."""
    rng = np.random.default_rng(0)

    def part(count: int) -> tuple[np.ndarray, np.ndarray]:
        labels = (np.arange(count) % classes).astype("uint8")
        labels[0] = classes - 1
        return rng.integers(0, 256, (count, *shape), dtype="uint8"), labels[:, None] if len(shape) == 3 else labels

    monkeypatch.setattr(keras.datasets, name, SimpleNamespace(load_data=lambda: (part(20), part(5))))


@pytest.mark.parametrize(
    ("name", "shape", "classes", "third"),
    [
        ("mnist", (28, 28), 10, "2"),
        ("fashion_mnist", (28, 28), 10, "Pullover"),
        ("cifar10", (32, 32, 3), 10, "bird"),
        ("cifar100", (32, 32, 3), 100, "2"),
    ],
)
def test_pictures_come_with_their_split_and_their_classes(
    monkeypatch: pytest.MonkeyPatch, name: str, shape: tuple[int, ...], classes: int, third: str
) -> None:
    stand_in(monkeypatch, name, shape, classes)
    source = KerasDataset(name=name)  # type: ignore[arg-type]
    check_component(source)
    scan = source.scan()
    assert len(scan.labels) == classes
    assert scan.labels[2] == scan.samples[2].label == third
    assert scan.samples[0].payload.shape == (*shape[:2], 1 if len(shape) == 2 else 3)
    assert [sample.split for sample in scan.samples] == ["train"] * 20 + ["test"] * 5


def test_it_is_a_source_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    fixed = tuple((np.zeros((10, 28, 28), dtype="uint8"), np.arange(10, dtype="uint8")) for _ in range(2))
    monkeypatch.setattr(keras.datasets, "mnist", SimpleNamespace(load_data=lambda: fixed))
    check_source(KerasDataset(name="mnist"))


def test_no_network_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise Exception("URL fetch failure on https://example.org: None -- [Errno -3] no network")

    monkeypatch.setattr(keras.datasets, "cifar10", SimpleNamespace(load_data=fail))
    with pytest.raises(DataError, match=r"not on this machine and could not be downloaded.*use another source"):
        KerasDataset(name="cifar10").scan()
