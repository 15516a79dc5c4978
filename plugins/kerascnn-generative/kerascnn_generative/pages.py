"""The parts of a run's page: pictures, and figures beside what means nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kerascnn_generative.figures import COMPONENTS, accuracy, distances
from kerascnn_generative.grid import shown
from kerascnn_generative.made import Maker, answered, as_bytes

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

_MOST, _SHOWN, _BESIDE, _PLANE = 2000, 64, 12, 15
"""Pictures that are compared, and that are shown: samples, reconstructions, and a side of the plane."""


def dcgan_sections(folder: Path, split: str) -> list[dict[str, Any]]:
    """Return the sections of a run of `generative.dcgan`."""
    maker = Maker(folder)
    held = maker.held(split, _MOST)
    made = maker.make(len(held))
    found = accuracy(maker.answers(held), maker.answers(made))
    return [
        {
            "title": "Generated pictures",
            "text": "Of normal numbers, seed 0, none left out; beside as many real ones.",
            "pictures": [shown(made[:_SHOWN], "generated"), shown(_evenly(held, _SHOWN), f"real, {split} split")],
        },
        {
            "title": "What the critic says",
            "text": f"Of {len(held)} {split} pictures and as many generated ones, rounded to bytes as pictures are, "
            f"{found['accuracy']:.1%} are told right (95 % interval {found['low']:.1%} to {found['high']:.1%}). "
            "50 % is that of guessing: then generated pictures are as good as this critic can see, or the critic is "
            "weak; near 100 % they are easily told. Of a real and a generated one it finds the real one more real in "
            f"{found['order']:.1%}, wherever it draws the line (50 % by guessing).",
            "table": {
                "head": ["pictures", "told right"],
                "rows": [[f"{split} split", found["real"]], ["generated", found["made"]]],
            },
        },
        _distance_section(maker, held, made, split),
    ]


def _distance_section(maker: Maker, held: np.ndarray, made: np.ndarray, split: str) -> dict[str, Any]:
    title = "How far generated pictures are from real ones"
    found = distances(maker.held("train", _MOST), held, made)
    if found is None:
        return {"title": title, "text": f"{len(held)} pictures are too few to say."}
    return {
        "title": title,
        "text": f"Frechet distance of normal distributions in the first {found['components']:.0f} principal components "
        f"of training pictures ({found['explained']:.1%} of their variance), numbers from 0 to 1. It is not the FID, "
        "which compares features of a trained Inception network: it sees brightness and coarse form, not whether a "
        "picture makes sense, pictures that repeat training ones do well in it, and figures of papers are another "
        "thing. It falls with the number of pictures, so all lines are of as many.",
        "table": {
            "head": [f"from one half of the {split} pictures, the mean of both", "distance"],
            "rows": [
                ["generated pictures", found["made"]],
                ["the other half", found["halves"]],
                ["noise with the mean and variance of each pixel", found["noise"]],
            ],
        },
    }


def vae_sections(folder: Path, split: str) -> list[dict[str, Any]]:
    """Return the sections of a run of `generative.vae`."""
    maker = Maker(folder)
    held = maker.held(split, _MOST)
    few = _evenly(held, _BESIDE)
    sections = [
        {
            "title": "Reconstructions",
            "text": "Above pictures of the split, below what is drawn again from their numbers.",
            "pictures": [shown(_rows(few, as_bytes(255 * maker.answers(few))), "pictures", len(few))],
        },
        {
            "title": "Samples",
            "text": "Of normal numbers, seed 0, none left out.",
            "pictures": [shown(maker.make(_SHOWN), "drawn from numbers at random")],
        },
        _numbers_section(maker, held, split),
    ]
    if maker.model.input_shape[-1] == 2:
        caption = "the first number grows to the right, the second upwards"
        sections.append(
            {
                "title": "The plane of the two numbers",
                "text": f"From the {1 / (_PLANE + 1):.0%} quantile of a normal number to the last, in even shares.",
                "pictures": [shown(maker.draw(plane(_PLANE)), caption, _PLANE)],
            }
        )
    return sections


def _numbers_section(maker: Maker, held: np.ndarray, split: str) -> dict[str, Any]:
    """Return how much of each number the pictures decide: the divergence, one number after another."""
    import numpy as np

    each = divergences(maker, held).mean(0)
    order = np.argsort(-each, kind="stable")
    return {
        "title": "What the numbers carry",
        "text": f"The divergence is {each.sum():.4g} nats, the mean over {len(held)} {split} pictures; always "
        f"drawing the mean picture has 0. {int((each > 0.01).sum())} of {len(each)} numbers carry more than 0.01 nats.",
        "table": {
            "head": ["number", "nats"],
            "rows": [[int(i) + 1, float(each[i])] for i in order[:COMPONENTS]],
        },
    }


def divergences(maker: Maker, pictures: np.ndarray) -> np.ndarray:
    """Return the divergence of each number of each picture from a normal one `(n, latent)`."""
    import keras
    import numpy as np

    from kerascnn_generative.nn import with_numbers

    whole = maker.predictor.model
    found = with_numbers(whole.output)
    model = keras.Model(whole.input, [found["mean"], found["log_variance"]])
    mean, log_variance = (each.astype("float64") for each in answered(model, pictures))
    result: np.ndarray = (mean**2 + np.exp(log_variance) - log_variance - 1) / 2
    return result


def plane(side: int) -> np.ndarray:
    """Return the numbers of a plane, row by row from above: quantiles of the normal distribution.

    >>> plane(3).round(2)[[0, 4]].tolist()
    [[-0.67, 0.67], [0.0, 0.0]]
    """
    import numpy as np
    from scipy.stats import norm

    steps = norm.ppf(np.arange(1, side + 1) / (side + 1))
    return np.array([[x, y] for y in steps[::-1] for x in steps])


def _rows(*rows: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.concatenate(rows)


def _evenly(pictures: np.ndarray, most: int) -> np.ndarray:
    import numpy as np

    return pictures[np.linspace(0, len(pictures) - 1, min(most, len(pictures))).astype(int)]
