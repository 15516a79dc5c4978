"""A curriculum: easy samples first (Bengio et al. 2009; Kumar et al. 2010; Hacohen, Weinshall 2019)."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from kerascnn.errors import DataError
from kerascnn.spec import Companion, JoinedStage, Method, Trained, register


@register("curriculum")
class Curriculum(Method):
    """Let only the easiest samples of each step count at first, and more of them from epoch to epoch, up to all.

    How hard a sample is says the loss of another run's model, such as that of a short first pass (Hacohen, Weinshall
    2019, arXiv:1904.03626), or without `run` that of the network itself as it is (self-paced learning, Kumar et al.
    2010). The rank is that within a step, on the elements as they are augmented; the loss is the mean over those that
    count. Cross-entropy ranks classes, the squared error numbers, whatever the task's own loss is.
    """

    paths: ClassVar[tuple[str, ...]] = ("run",)
    outputs: ClassVar[frozenset[str]] = frozenset({"classes", "each_class", "values"})
    excludes: ClassVar[frozenset[str]] = frozenset({"distillation"})

    run: str | None = Field(None, min_length=1)
    """The folder of the run whose model says how hard a sample is, trained on elements of the same form with the same
    labels. A relative path starts from the current folder. Left out: the network itself."""
    begin: float = Field(0.5, gt=0, le=1)
    """Share of the samples of a step that count in the first epoch."""
    until: float = Field(0.5, gt=0, le=1)
    """Part of the stage's epochs after which all samples count."""
    pacing: Literal["linear", "root"] = "linear"
    """How the share grows: evenly, or fast at first, as the square root of the time (Platanios et al. 2019,
    arXiv:1903.09848)."""

    def share(self, epoch: int, epochs: int) -> float:
        """Return the share of samples that counts in an epoch, counted from 0, of so many.

        >>> [Curriculum(begin=0.25, until=0.6).share(epoch, 5) for epoch in range(5)]
        [0.25, 0.5, 0.75, 1.0, 1.0]
        >>> [round(Curriculum(begin=0.5, until=1.0, pacing="root").share(epoch, 3), 3) for epoch in range(3)]
        [0.5, 0.707, 0.866]
        """
        time = min(1.0, epoch / (self.until * epochs) + 1e-9)
        if self.pacing == "root":
            return float(round((self.begin**2 + (1 - self.begin**2) * time) ** 0.5, 6))
        return float(round(self.begin + (1 - self.begin) * time, 6))

    def check(self, stage: JoinedStage) -> None:
        """Compare the other run with what is to be trained."""
        self._judge(stage)

    def join(self, stage: JoinedStage) -> Companion:
        """Return what weighs the samples of a stage."""
        return _Pace(self, stage, self._judge(stage))

    def _judge(self, stage: JoinedStage) -> Trained | None:
        if self.run is None:
            return None
        judge = stage.open_run(self.run)
        for what, own, its in (
            ("answers", stage.output, judge.output),
            ("labels", list(stage.labels), list(judge.labels)),
            ("elements", dict(stage.input), dict(judge.input)),
        ):
            if own != its:
                raise DataError(
                    f"{stage.place}.run: the run in {judge.path} cannot say how hard a sample is: its {what} are "
                    f"{_short(its)}, and these {_short(own)}"
                )
        return judge


class _Pace(Companion):
    def __init__(self, method: Curriculum, stage: JoinedStage, judge: Trained | None):
        import keras

        self.method, self.stage, self.judge = method, stage, judge
        self.answers = judge.answering() if judge else None
        # One for all outer models, and a part of each of them: so it is in every checkpoint, and a step sees its value.
        self.share = keras.Variable(1.0, trainable=False, dtype="float32", name="share")

    def outer(self, inputs: Any, outputs: Any) -> Any:
        """Return a model whose training looks at the easiest samples."""
        from kerascnn_adapt.nn import Paced

        model = Paced(inputs, outputs)
        model.pace_by(self.share, self.stage.output)
        return model

    def targets(self, elements: Any, targets: Any) -> Any:
        """Return the targets, and how hard each sample is where another model says so."""
        if self.answers is None:
            return targets
        import numpy as np

        from kerascnn_adapt.nn import hardness

        return targets, hardness(np, self.stage.output, np.asarray(targets, "float32"), self.answers(elements))

    def begin_epoch(self, epoch: int) -> None:
        """Let more samples count."""
        self.share.assign(self.method.share(epoch, self.stage.epochs))

    def facts(self, kept: int) -> dict[str, Any]:
        """Return the share of each epoch, that of the model which is kept, and who says how hard samples are."""
        shares = [self.method.share(epoch, self.stage.epochs) for epoch in range(self.stage.epochs)]
        return {
            "by": self.judge.path if self.judge else "the network itself",
            "shares": shares,
            "share_of_kept": shares[kept - 1] if kept else None,
        }


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 100 else f"{text[:97]}..."
