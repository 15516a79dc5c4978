"""Keras's optimizers, under their names and with their arguments.

Keras's `Ftrl` is left out: it begins by putting every weight near 0, where a network of several layers learns nothing.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from kerascnn.spec import Optimizer, register
from kerascnn.spec.fields import RegularExpression

# Names of weights: TensorFlow has "conv1/bias:0" for what is "bias" elsewhere, and a layer may be named after a bias.
_NOT_DECAYED = r"(^|/)(bias|gamma|beta|embeddings)(:\d+)?$"


class _Optimizer(Optimizer):
    keras_name: ClassVar[str]

    weight_decay: float = Field(0.0, ge=0, lt=1)
    """Fraction of each weight (times the learning rate) taken off at each step. Biases, normalisation, factors of
    channels (layer scale) and tables (of positions, of words) are left alone."""
    clipnorm: float | None = Field(None, gt=0)
    """Largest norm of the gradient of all weights together; left out: no limit."""
    clipvalue: float | None = Field(None, gt=0)
    """Largest absolute value of each number of a gradient; left out: no limit. `clipnorm` or this, not both."""
    ema: float | None = Field(None, gt=0, lt=1)
    """Weight of the past in a moving average of the weights over the steps, which is what is evaluated and kept; 0.999
    is usual. Left out: no average."""

    @model_validator(mode="after")
    def _one_clip(self) -> Self:
        if self.clipnorm is not None and self.clipvalue is not None:
            raise PydanticCustomError(
                "clip",
                "has clipnorm {norm} and clipvalue {value}; gradients are clipped in one way, so leave one of them out",
                {"norm": self.clipnorm, "value": self.clipvalue},
            )
        return self

    def make(self, learning_rate: Any, *, accumulate: int = 1) -> Any:
        """Return a new Keras optimizer.

        Its `iterations` are steps of the weights, and a schedule is asked for the rate of those. With `accumulate`
        Keras itself would ask with the number of batches, and a schedule would be over too soon.
        """
        from keras import optimizers

        if accumulate > 1 and isinstance(learning_rate, optimizers.schedules.LearningRateSchedule):
            from kerascnn.nn.per_update import PerUpdate

            learning_rate = PerUpdate(learning_rate, accumulate)
        averaged = {}
        if self.ema is not None:
            # Keras averages after every batch, also after those that move no weight.
            averaged = {"use_ema": True, "ema_momentum": self.ema ** (1 / accumulate)}
        optimizer = getattr(optimizers, self.keras_name)(
            learning_rate=learning_rate,
            global_clipnorm=self.clipnorm,
            clipvalue=self.clipvalue,
            gradient_accumulation_steps=accumulate if accumulate > 1 else None,
            **averaged,
            **self._decay(),
            **self.model_dump(exclude={"weight_decay", "clipnorm", "clipvalue", "ema"}),
        )
        if self.weight_decay:
            _spare(optimizer)
        return optimizer

    def _decay(self) -> dict[str, float | None]:
        # None saves a multiplication by 1.
        return {"weight_decay": self.weight_decay or None}


def _spare(optimizer: Any) -> None:
    """Let an optimizer take nothing off weights by name, nor off those of less than two dimensions.

    Which those are is known when it is given its weights: what scales channels is named `kernel`, as a matrix is.
    """
    build = optimizer.build

    def build_and_spare(variables: Any) -> None:
        if not optimizer.built:
            vectors = [variable for variable in variables if len(variable.shape) < 2]
            optimizer.exclude_from_weight_decay(vectors, [_NOT_DECAYED])
        build(variables)

    optimizer.build = build_and_spare


@register("sgd")
class SGD(_Optimizer):
    """Stochastic gradient descent, with momentum if wanted."""

    keras_name: ClassVar[str] = "SGD"

    momentum: float = Field(0.0, ge=0, lt=1)
    """Weight of the past steps in the next one; 0.9 is usual."""
    nesterov: bool = False
    """Look ahead along the momentum before the gradient is taken."""


class _Moments(_Optimizer):
    beta_1: float = Field(0.9, ge=0, lt=1)
    """Weight of the past in the mean of the gradients."""
    beta_2: float = Field(0.999, ge=0, lt=1)
    """Weight of the past in the mean of their squares."""
    epsilon: float = Field(1e-7, gt=0, le=1)
    """Number added to the denominator."""


@register("adam")
class Adam(_Moments):
    """Adam (Kingma and Ba 2014, arXiv:1412.6980)."""

    keras_name: ClassVar[str] = "Adam"


@register("adamw")
class AdamW(_Moments):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2017, arXiv:1711.05101)."""

    keras_name: ClassVar[str] = "AdamW"

    weight_decay: float = Field(0.004, ge=0, lt=1)
    """Fraction of each weight (times the learning rate) taken off at each step. Biases, normalisation, factors of
    channels (layer scale) and tables (of positions, of words) are left alone."""

    def _decay(self) -> dict[str, float | None]:
        return {"weight_decay": self.weight_decay}  # Keras's AdamW refuses to be without


@register("nadam")
class Nadam(_Moments):
    """Adam with Nesterov's momentum (Dozat 2016, "Incorporating Nesterov momentum into Adam")."""

    keras_name: ClassVar[str] = "Nadam"


@register("adamax")
class Adamax(_Moments):
    """Adam that divides by the largest gradient of late, not by a mean (Kingma and Ba 2014, arXiv:1412.6980)."""

    keras_name: ClassVar[str] = "Adamax"

    beta_2: float = Field(0.999, ge=0, lt=1)
    """Weight of the past in the largest absolute value of the gradients."""


@register("lamb")
class Lamb(_Moments):
    """Adam whose step in each layer is as large as the layer's weights, for batches of thousands (You et al. 2019,
    arXiv:1904.00962)."""

    keras_name: ClassVar[str] = "Lamb"


@register("rmsprop")
class RMSprop(_Optimizer):
    """RMSprop (Hinton 2012, lecture 6e of "Neural networks for machine learning")."""

    keras_name: ClassVar[str] = "RMSprop"

    rho: float = Field(0.9, ge=0, lt=1)
    """Weight of the past in the mean of the squared gradients."""
    momentum: float = Field(0.0, ge=0, lt=1)
    """Weight of the past steps in the next one."""
    epsilon: float = Field(1e-7, gt=0, le=1)
    """Number added to the denominator."""


@register("adagrad")
class Adagrad(_Optimizer):
    """Adagrad, whose steps grow smaller with all gradients so far (Duchi et al. 2011, JMLR 12). Wants larger rates than
    Adam: 0.01 to 0.1."""

    keras_name: ClassVar[str] = "Adagrad"

    initial_accumulator_value: float = Field(0.1, ge=0, le=1e6)
    """The sum of squared gradients to begin with; a larger one makes the first steps smaller."""
    epsilon: float = Field(1e-7, gt=0, le=1)
    """Number added to the sum under the root."""


@register("adadelta")
class Adadelta(_Optimizer):
    """Adadelta, which takes the size of its steps from those before (Zeiler 2012, arXiv:1212.5701). The paper has a
    learning rate of 1."""

    keras_name: ClassVar[str] = "Adadelta"

    rho: float = Field(0.95, ge=0, lt=1)
    """Weight of the past in the means of the squared gradients and of the squared steps."""
    epsilon: float = Field(1e-7, gt=0, le=1)
    """Number added under both roots."""


@register("lion")
class Lion(_Optimizer):
    """Lion: steps of one size against the sign of a mean gradient (Chen et al. 2023, arXiv:2302.06675). Wants a tenth
    to a third of Adam's rate, and as many times more weight decay."""

    keras_name: ClassVar[str] = "Lion"

    beta_1: float = Field(0.9, gt=0, lt=1)
    """Weight of the past in the mean whose sign is the step."""
    beta_2: float = Field(0.99, ge=0, lt=1)
    """Weight of the past in the mean that is kept."""


@register("adafactor")
class Adafactor(_Optimizer):
    """Adafactor, which keeps a row and a column for each matrix in the place of a mean for each weight (Shazeer and
    Stern 2018, arXiv:1804.04235). Its steps are relative to the size of the weights, and the rate falls at least as
    1 / sqrt(step)."""

    keras_name: ClassVar[str] = "Adafactor"

    beta_2_decay: float = Field(-0.8, ge=-10, lt=0)
    """Exponent with which the weight of the present in the mean of the squared gradients falls: step ** this."""
    epsilon_1: float = Field(1e-30, gt=0, le=1)
    """Number added to the squared gradients."""
    epsilon_2: float = Field(1e-3, gt=0, le=1)
    """Least size of a layer's weights (root of their mean square) that steps are relative to."""
    clip_threshold: float = Field(1.0, gt=0)
    """Largest root mean square of a layer's step, before the rate."""


@register("muon")
class Muon(_Optimizer):
    """Muon: momentum made orthogonal, for the matrices of hidden dense layers (Liu et al. 2025, arXiv:2502.16982).

    All other weights are moved by Adam at the same rate: kernels of convolutions, biases, normalisation, tables, and
    the layers of `exclude_layers`. So it is for networks of dense layers and attention's projections of two dimensions;
    one of convolutions alone is trained by Adam.
    """

    keras_name: ClassVar[str] = "Muon"

    weight_decay: float = Field(0.004, ge=0, lt=1)
    """Fraction of each weight (times the learning rate) taken off at each step. Biases, normalisation, factors of
    channels (layer scale) and tables (of positions, of words) are left alone."""
    momentum: float = Field(0.95, ge=0, lt=1)
    """Weight of the past steps in the next one."""
    nesterov: bool = True
    """Look ahead along the momentum before it is made orthogonal."""
    ns_steps: int = Field(5, ge=1, le=20)
    """Steps of the Newton-Schulz iteration that makes it orthogonal."""
    rms_rate: float | None = Field(0.2, gt=0, le=10)
    """Root mean square of a step before the rate, for which Adam's rates suit Muon as well; null: the orthogonal matrix
    as it is."""
    adam_beta_1: float = Field(0.9, ge=0, lt=1)
    """Adam's weight of the past in the mean of the gradients."""
    adam_beta_2: float = Field(0.999, ge=0, lt=1)
    """Adam's weight of the past in the mean of their squares."""
    epsilon: float = Field(1e-7, gt=0, le=1)
    """Number added to Adam's denominator."""
    exclude_layers: list[RegularExpression] = Field(["^logits/", "^values/"], max_length=64)
    """Regular expressions of weights (`layer/kernel`) that Adam moves. The last layer of a network does better so."""

    def _decay(self) -> dict[str, float | None]:
        return {"weight_decay": self.weight_decay, "adam_weight_decay": self.weight_decay}
