"""Keras's optimizers, under their names and with their arguments."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from kerascnn.spec import Optimizer, register


class _Optimizer(Optimizer):
    weight_decay: float = Field(0.0, ge=0, lt=1)
    """Fraction of each weight (times the learning rate) taken off at each step, biases and normalisation left alone."""
    clipnorm: float | None = Field(None, gt=0)
    """Largest norm of the gradient of all weights together; left out: no limit."""

    def make(self, learning_rate: Any) -> Any:
        """Return a new Keras optimizer."""
        from keras import optimizers

        own = self.model_dump(exclude={"weight_decay", "clipnorm"})
        # Keras's AdamW refuses to be without; to the others None saves a multiplication by 1.
        decay = self.weight_decay if self.weight_decay or self.type_name == "adamw" else None
        cls = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW", "rmsprop": "RMSprop"}[self.type_name]
        optimizer = getattr(optimizers, cls)(
            learning_rate=learning_rate,
            weight_decay=decay,
            global_clipnorm=self.clipnorm,
            **own,
        )
        if self.weight_decay:
            optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        return optimizer


@register("sgd")
class SGD(_Optimizer):
    """Stochastic gradient descent, with momentum if wanted."""

    momentum: float = Field(0.0, ge=0, lt=1)
    """Weight of the past steps in the next one; 0.9 is usual."""
    nesterov: bool = False
    """Look ahead along the momentum before the gradient is taken."""


@register("adam")
class Adam(_Optimizer):
    """Adam (Kingma and Ba 2014, arXiv:1412.6980)."""

    beta_1: float = Field(0.9, ge=0, lt=1)
    """Weight of the past in the mean of the gradients."""
    beta_2: float = Field(0.999, ge=0, lt=1)
    """Weight of the past in the mean of their squares."""
    epsilon: float = Field(1e-7, gt=0, le=1)
    """Number added to the denominator."""


@register("adamw")
class AdamW(_Optimizer):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2017, arXiv:1711.05101)."""

    weight_decay: float = Field(0.004, ge=0, lt=1)
    """Fraction of each weight (times the learning rate) taken off at each step, biases and normalisation left alone."""
    beta_1: float = Field(0.9, ge=0, lt=1)
    """Weight of the past in the mean of the gradients."""
    beta_2: float = Field(0.999, ge=0, lt=1)
    """Weight of the past in the mean of their squares."""
    epsilon: float = Field(1e-7, gt=0, le=1)
    """Number added to the denominator."""


@register("rmsprop")
class RMSprop(_Optimizer):
    """RMSprop (Hinton 2012, lecture 6e of "Neural networks for machine learning")."""

    rho: float = Field(0.9, ge=0, lt=1)
    """Weight of the past in the mean of the squared gradients."""
    momentum: float = Field(0.0, ge=0, lt=1)
    """Weight of the past steps in the next one."""
    epsilon: float = Field(1e-7, gt=0, le=1)
    """Number added to the denominator."""
