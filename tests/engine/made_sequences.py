"""What tests of texts, series and sounds share: small specs, and data made for them."""

from pathlib import Path

import numpy as np
from scipy.io import wavfile

from kerascnn.spec import Spec, spec_from_dict

CONV = [{"type": "conv1d", "filters": 8, "activation": "relu"}]
RATE = 1000


def sequence_spec(
    task, source, *, layers=CONV, head="classifier", augment=(), data=None, preprocess=None, **train
) -> Spec:
    """Return a small spec on this source with a network of these layers; keywords go to its section `train`."""
    backbone = layers if isinstance(layers, dict) else {"type": "layers", "layers": list(layers)}
    return spec_from_dict(
        {
            "kerascnn": 1,
            "name": "small",
            "task": {"type": task},
            "data": {"source": source, "split": {"validation": 0.25, "test": 0.25}, **(data or {})},
            "augment": list(augment),
            "model": {"preprocess": preprocess or {}, "backbone": backbone, "head": {"type": head}},
            "train": {"batch_size": 8, "stages": [{"epochs": 2, "learning_rate": 0.01}], **train},
        }
    )


def write_texts(file: Path, count=40, seed=0) -> Path:
    """Write lines of words, each class with a word of its own."""
    rng = np.random.default_rng(seed)
    words = [f"word{i}" for i in range(30)]
    lines = []
    for i in range(count):
        chosen = rng.choice(words, rng.integers(2, 9)).tolist()
        lines.append(f"{i % 2} {' '.join(chosen)} {('bad', 'good')[i % 2]} {i}")
    file.write_text("\n".join(lines), "utf-8")
    return file


def series_of(count=40, channels=2, seed=0) -> list[np.ndarray]:
    """Return series of 8 to 20 steps; every other one swings faster."""
    rng = np.random.default_rng(seed)
    found = []
    for i in range(count):
        time = np.arange(rng.integers(8, 21))[:, None]
        wave = np.sin(time * (0.5 + 1.5 * (i % 2)) + rng.random(channels))
        found.append((wave + 0.1 * rng.standard_normal(wave.shape)).astype("float32"))
    return found


def write_ts(file: Path, count=40, channels=2, *, values=False, seed=0) -> Path:
    """Write series of unequal lengths as .ts, with two classes or a number each."""
    said = "@targetlabel true" if values else "@classLabel true slow fast"
    lines = ["@problemName made", "@univariate false", f"@dimensions {channels}", "@equalLength false", said, "@data"]
    for i, one in enumerate(series_of(count, channels, seed)):
        answer = f"{one.std():.6f}" if values else ("slow", "fast")[i % 2]
        lines.append(":".join([*(",".join(f"{value:.6f}" for value in row) for row in one.T), answer]))
    file.write_text("\n".join(lines), "utf-8")
    return file


def write_sounds(root: Path, count=20, seed=0) -> Path:
    """Write tones in one folder for each class, each of a pitch of its own."""
    rng = np.random.default_rng(seed)
    for label, pitch in (("low", 60), ("high", 250)):
        (root / label).mkdir(parents=True)
        for i in range(count):
            time = np.arange(int(RATE * rng.uniform(0.2, 0.6))) / RATE
            wave = 0.5 * np.sin(2 * np.pi * pitch * time) + 0.05 * rng.standard_normal(len(time))
            wavfile.write(root / label / f"{i}.wav", RATE, (wave * 32767).clip(-32768, 32767).astype("int16"))
    return root
