"""Knowledge distillation (Hinton et al. 2015, arXiv:1503.02531)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from kerascnn.errors import DataError
from kerascnn.spec import Companion, JoinedStage, Method, Trained, register


@register("distillation")
class Distillation(Method):
    """Learn from the answers of another run's model, the teacher, besides the targets.

    The loss of training is (1 - weight) * that of the task + weight * the teacher's term: the Kullback-Leibler
    divergence of the answers, both softened by `temperature`, times its square; for numbers the mean squared error. The
    teacher answers the very batch, augmented as it is. The validation loss is that of the task alone.
    """

    paths: ClassVar[tuple[str, ...]] = ("run",)
    outputs: ClassVar[frozenset[str]] = frozenset({"classes", "mask", "each_class", "values"})

    run: str = Field(min_length=1)
    """The folder of the teacher's run. It was trained on elements of the same form, with the same classes in the same
    order. A relative path starts from the current folder."""
    temperature: float = Field(3.0, gt=0, le=100)
    """What logits are divided by, the teacher's and the network's own: the higher it is, the more count classes that
    are unlikely. Without meaning for numbers."""
    weight: float = Field(0.5, gt=0, le=1)
    """Share of the teacher's term; 1 passes over the targets."""

    def check(self, stage: JoinedStage) -> None:
        """Compare the teacher with what is to be trained."""
        self._teacher(stage)

    def join(self, stage: JoinedStage) -> Companion:
        """Return what brings the teacher's answers to the loss."""
        return _Teaching(self, stage, self._teacher(stage))

    def _teacher(self, stage: JoinedStage) -> Trained:
        teacher = stage.open_run(self.run)
        wrong = None
        if teacher.output != stage.output:
            wrong = f"it answers with {_OUTPUTS[teacher.output]}, and this task wants {_OUTPUTS[stage.output]}"
        elif list(teacher.labels) != list(stage.labels):
            wrong = f"its labels are {_short(list(teacher.labels))}, and these {_short(list(stage.labels))}"
        elif dict(teacher.input) != dict(stage.input):
            wrong = _apart(teacher.input, stage.input)
        if wrong:
            raise DataError(f"{stage.place}.run: the run in {teacher.path} cannot teach here: {wrong}")
        return teacher


_OUTPUTS = {
    "classes": "one class",
    "each_class": "each class by itself",
    "mask": "masks",
    "values": "numbers",
    "boxes": "boxes",
}


class _Teaching(Companion):
    def __init__(self, method: Distillation, stage: JoinedStage, teacher: Trained):
        self.method, self.output, self.teacher = method, stage.output, teacher
        self.answers = teacher.answering()

    def outer(self, inputs: Any, outputs: Any) -> Any:
        """Return a model whose loss looks at the teacher's answers, too."""
        from kerascnn.nn.taught import Taught

        model = Taught(inputs, outputs)
        model.learn_from(self.output, self.method.temperature, self.method.weight)
        return model

    def targets(self, elements: Any, targets: Any) -> Any:
        """Return the targets and the teacher's answers."""
        return targets, self.answers(elements)

    def facts(self, kept: int) -> dict[str, Any]:
        """Return which the teacher is."""
        return {"teacher": self.teacher.path, "parameters": self.teacher.load().count_params()}


def _apart(teacher: Mapping[str, Any], own: Mapping[str, Any]) -> str:
    """Return in what two forms of elements differ."""
    name = next(name for name in [*teacher, *own] if teacher.get(name) != own.get(name))
    return f"{name} of its elements is {_short(teacher.get(name))}, and of these {_short(own.get(name))}"


def _short(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 100 else f"{text[:97]}..."
