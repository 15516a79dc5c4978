"""kerascnn: one declarative spec from data to an evaluated Keras 3 model. Names are imported on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from kerascnn.api import (
        Prediction,
        Run,
        build_model,
        compare,
        cross_validate,
        evaluate_together,
        train,
        train_seeds,
    )
    from kerascnn.errors import (
        BuildError,
        DataError,
        DivergedError,
        ExportError,
        KerasCnnError,
        PluginError,
        ResourceError,
        RunInUseError,
        SpecError,
        StoppedError,
        TrainError,
        UntrustedFileError,
        UsageError,
    )
    from kerascnn.spec import DataInfo, Spec, load_spec, spec_from_dict

_HOMES = {
    "kerascnn.api": (
        "Prediction",
        "Run",
        "build_model",
        "compare",
        "cross_validate",
        "evaluate_together",
        "train",
        "train_seeds",
    ),
    "kerascnn.errors": (
        "BuildError",
        "DataError",
        "DivergedError",
        "ExportError",
        "KerasCnnError",
        "PluginError",
        "ResourceError",
        "RunInUseError",
        "SpecError",
        "StoppedError",
        "TrainError",
        "UntrustedFileError",
        "UsageError",
    ),
    "kerascnn.spec": ("DataInfo", "Spec", "load_spec", "spec_from_dict"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "BuildError",
    "DataError",
    "DataInfo",
    "DivergedError",
    "ExportError",
    "KerasCnnError",
    "PluginError",
    "Prediction",
    "ResourceError",
    "Run",
    "RunInUseError",
    "Spec",
    "SpecError",
    "StoppedError",
    "TrainError",
    "UntrustedFileError",
    "UsageError",
    "build_model",
    "compare",
    "cross_validate",
    "evaluate_together",
    "load_spec",
    "spec_from_dict",
    "train",
    "train_seeds",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'kerascnn' has no attribute '{name}'")
    from importlib import import_module

    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
