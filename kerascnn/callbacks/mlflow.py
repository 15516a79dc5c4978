"""A training as a run of MLflow."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from kerascnn.runs.atomic import write_json
from kerascnn.spec import Callback, Follower, Training, Weights, register
from kerascnn.spec.follower import figures_of

_LONGEST, _MOST = 500, 100
"""Characters of a parameter, and parameters or figures of one call, that every version of MLflow takes."""
_STATUS = {"done": "FINISHED", "stopped": "KILLED"}


@register("mlflow")
class MLflow(Callback):
    """Log parameters and figures as a run of MLflow (https://mlflow.org), by default into a file beside the runs.

    It needs `pip install kerascnn[mlflow]`. A resumed training goes on with the same run of MLflow, whose id stands in
    `mlflow.json`. MLflow takes nothing back: epochs that come again after going back stand there twice.
    """

    package = "mlflow"
    install = "kerascnn[mlflow]"

    tracking_uri: str | None = Field(None, min_length=1)
    """Where MLflow keeps its runs: `http://localhost:5000`, `sqlite:///runs.db`. Left out: `mlflow.db` in the folder of
    the runs; `mlflow ui --backend-store-uri sqlite:///runs/mlflow.db` shows it. MLFLOW_TRACKING_URI is not asked."""
    experiment: str = Field("kerascnn", min_length=1, max_length=200)
    """The experiment of MLflow that the run belongs to; it is made where there is none."""

    @field_validator("tracking_uri")
    @classmethod
    def _no_password(cls, uri: str | None) -> str | None:
        if uri is not None and urlsplit(uri).password:
            raise PydanticCustomError(
                "tracking_uri",
                "should hold no password: a run keeps its spec; set MLFLOW_TRACKING_USERNAME and "
                "MLFLOW_TRACKING_PASSWORD instead",
            )
        return uri

    def follow(self, training: Training) -> Follower:
        """Return a follower that logs to MLflow."""
        return _Tracked(training, self.tracking_uri, self.experiment)


class _Tracked(Follower):
    def __init__(self, training: Training, uri: str | None, experiment: str):
        # Nothing goes to the network unasked, and a server that is gone holds training up for seconds, not for hours.
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
        from mlflow import MlflowClient

        self.training, self.experiment = training, experiment
        self.file = training.folder / "mlflow.json"
        root = training.folder.resolve().parent
        self.uri = uri or f"sqlite:///{(root / 'mlflow.db').as_posix()}"
        self._artifacts = None if uri else (root / "mlflow").as_uri()
        self.client = MlflowClient(tracking_uri=self.uri)
        self._run, self._logged = "", 0

    def begin(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Begin a run of MLflow or go on with the one before, and log the epochs that it lacks."""
        if not self._run:
            kept = json.loads(self.file.read_text("utf-8")) if self.file.is_file() else {}
            if kept.get("tracking_uri") == self.uri:
                self._run, self._logged = str(kept["run"]), int(kept["epochs"])
                self.client.update_run(self._run, status="RUNNING")
            else:
                self._create()
        for line in lines[self._logged :]:
            self._log(line)
        self._keep()

    def end_epoch(self, line: Mapping[str, Any], weights: Weights) -> None:
        """Log an epoch."""
        self._log(line)
        self._keep()

    def end(self, state: str) -> None:
        """Say how the run ended."""
        self.client.set_terminated(self._run, _STATUS.get(state, "FAILED"))

    def _create(self) -> None:
        from mlflow.entities import Param

        found = self.client.get_experiment_by_name(self.experiment)
        experiment = (
            found.experiment_id
            if found
            else self.client.create_experiment(self.experiment, artifact_location=self._artifacts)
        )
        tags = {"kerascnn.run": self.training.run, "kerascnn.folder": str(self.training.folder.resolve())}
        self._run = self.client.create_run(experiment, run_name=self.training.name, tags=tags).info.run_id
        self._keep()
        params = [Param(name, value) for name, value in parameters(self.training.spec)]
        for first in range(0, len(params), _MOST):
            self.client.log_batch(self._run, params=params[first : first + _MOST])

    def _log(self, line: Mapping[str, Any]) -> None:
        from mlflow.entities import Metric

        now, epoch = int(time.time() * 1000), int(line["epoch"])
        metrics = [Metric(name, value, now, epoch) for name, value in figures_of(line).items()]
        self.client.log_batch(self._run, metrics=metrics)
        self._logged = max(self._logged, epoch)

    def _keep(self) -> None:
        write_json(self.file, {"tracking_uri": self.uri, "run": self._run, "epochs": self._logged})


def parameters(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the leaves of plain data by their path, as MLflow's parameters: `train.stages.0.epochs`, `"10"`."""
    if isinstance(value, Mapping | list | tuple) and value:
        items = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, item in items:
            yield from parameters(item, f"{path}.{key}" if path else str(key))
    elif path and value is not None:
        yield path, str(value)[:_LONGEST]
