"""Runs of MLflow: a stand-in records the calls of MlflowClient, and MLflow itself takes them where it is installed."""

import json
import sys
import types

import pytest

from kerascnn.callbacks.mlflow import parameters
from kerascnn.testing import check_callback
from tests.callbacks.told import follow, line, tell
from tests.helpers import make


class Client:
    """The calls of MlflowClient that are used, as https://mlflow.org/docs/latest/api_reference documents them."""

    def __init__(self, tracking_uri=None):
        self.uri = tracking_uri
        servers.setdefault(tracking_uri, {"experiments": {}, "runs": {}})
        self.server = servers[tracking_uri]

    def get_experiment_by_name(self, name):
        return self.server["experiments"].get(name)

    def create_experiment(self, name, artifact_location=None, tags=None):
        number = str(len(self.server["experiments"]))
        found = types.SimpleNamespace(experiment_id=number, name=name, artifact_location=artifact_location)
        self.server["experiments"][name] = found
        return number

    def create_run(self, experiment_id, start_time=None, tags=None, run_name=None):
        run_id = f"run{len(self.server['runs'])}"
        run = types.SimpleNamespace(
            name=run_name, tags=tags, metrics=[], params={}, status="RUNNING", in_=experiment_id
        )
        self.server["runs"][run_id] = run
        return types.SimpleNamespace(info=types.SimpleNamespace(run_id=run_id))

    def log_batch(self, run_id, metrics=(), params=(), tags=()):
        assert len(params) <= 100
        run = self.server["runs"][run_id]
        run.metrics += [(metric.step, metric.key, metric.value) for metric in metrics]
        run.params |= {param.key: param.value for param in params}

    def update_run(self, run_id, status=None, name=None):
        self.server["runs"][run_id].status = status

    def set_terminated(self, run_id, status=None, end_time=None):
        self.server["runs"][run_id].status = status


servers = {}


@pytest.fixture(autouse=True)
def mlflow(monkeypatch):
    servers.clear()
    module, entities = types.ModuleType("mlflow"), types.ModuleType("mlflow.entities")
    module.MlflowClient = Client
    entities.Metric = lambda key, value, timestamp, step: types.SimpleNamespace(key=key, value=value, step=step)
    entities.Param = lambda key, value: types.SimpleNamespace(key=key, value=value)
    monkeypatch.setitem(sys.modules, "mlflow", module)
    monkeypatch.setitem(sys.modules, "mlflow.entities", entities)
    for name in ("DISABLE_TELEMETRY", "LOGGING_LEVEL", "HTTP_REQUEST_TIMEOUT", "HTTP_REQUEST_MAX_RETRIES"):
        monkeypatch.setenv(f"MLFLOW_{name}", "")  # so that what is set is taken back
        monkeypatch.delenv(f"MLFLOW_{name}")


def only():
    [server] = servers.values()
    [run] = server["runs"].values()
    return run


def test_it_conforms(tmp_path):
    check_callback(make("callback", "mlflow", tracking_uri="http://localhost:5000"), tmp_path)
    [server] = servers.values()
    assert [run.status for run in server["runs"].values()] == ["FINISHED", "KILLED", "FAILED", "FAILED"]


def test_figures_of_each_epoch_are_logged_under_its_number(tmp_path):
    tell(follow(tmp_path / "runs" / "a", "mlflow"), [line(1), {**line(2), "val_loss": None}]).end("done")
    run = only()
    assert run.metrics == [
        (1, "loss", 1.0), (1, "val_loss", 2.0), (1, "learning_rate", 0.1),
        (2, "loss", 0.5), (2, "learning_rate", 0.1),
    ]  # fmt: skip
    assert (run.name, run.status, run.tags["kerascnn.run"]) == ("small", "FINISHED", "20261121-080000-abcdef")


def test_it_is_kept_in_a_file_beside_the_runs_and_nothing_is_reported(tmp_path, monkeypatch):
    import os

    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://elsewhere.example")
    tell(follow(tmp_path / "runs" / "a", "mlflow"), [])
    assert list(servers) == [f"sqlite:///{(tmp_path / 'runs' / 'mlflow.db').as_posix()}"]
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_a_server_that_the_spec_names_is_taken(tmp_path):
    tell(follow(tmp_path, "mlflow", tracking_uri="http://localhost:5000", experiment="cells"), [])
    assert list(servers) == ["http://localhost:5000"]
    assert servers["http://localhost:5000"]["experiments"]["cells"].artifact_location is None


def test_a_resumed_training_goes_on_with_the_same_run(tmp_path):
    lines = [line(epoch) for epoch in range(1, 6)]
    tell(follow(tmp_path, "mlflow"), lines[:2]).end("stopped")
    assert only().status == "KILLED"
    resumed = follow(tmp_path, "mlflow")
    tell(resumed, [], behind=lines[:3])  # the third was not logged before the process was gone
    assert only().status == "RUNNING"
    tell(resumed, lines[3:], behind=lines[:3]).end("failed")
    assert [step for step, key, _ in only().metrics if key == "loss"] == [1, 2, 3, 4, 5]
    assert only().status == "FAILED"
    assert json.loads((tmp_path / "mlflow.json").read_text())["epochs"] == 5


def test_parameters_are_the_leaves_of_the_spec(tmp_path):
    spec = {
        "name": "x" * 900,
        "train": {"seed": 0, "patience": None, "stages": [{"epochs": 3}, {"epochs": 4}]},
        "l": [],
    }
    assert dict(parameters(spec)) == {
        "name": "x" * 500, "train.seed": "0", "train.stages.0.epochs": "3", "train.stages.1.epochs": "4", "l": "[]",
    }  # fmt: skip
    tell(follow(tmp_path, "mlflow", spec={"many": list(range(250))}), [])
    assert len(only().params) == 250


@pytest.mark.parametrize("uri", ["http://me:secret@host/x", "postgresql://me:secret@host:5432/db"])
def test_a_password_is_refused(uri):
    with pytest.raises(ValueError, match="should hold no password"):
        make("callback", "mlflow", tracking_uri=uri)


@pytest.mark.parametrize("uri", ["http://me@host/x", "sqlite:///C:/a:b@c.db", "databricks"])
def test_what_looks_like_one_is_not(uri):
    assert make("callback", "mlflow", tracking_uri=uri).tracking_uri == uri


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_mlflow_itself_takes_it(tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "mlflow")
    monkeypatch.delitem(sys.modules, "mlflow.entities")
    real = pytest.importorskip("mlflow")
    lines = [line(epoch) for epoch in range(1, 4)]
    tell(follow(tmp_path / "a", "mlflow", spec={"train": {"seed": 3}}), lines[:2]).end("stopped")
    tell(follow(tmp_path / "a", "mlflow"), lines[2:], behind=lines[:2]).end("done")
    client = real.MlflowClient(tracking_uri=f"sqlite:///{tmp_path / 'mlflow.db'}")
    run = client.get_run(json.loads((tmp_path / "a" / "mlflow.json").read_text())["run"])
    assert (run.info.status, run.data.params) == ("FINISHED", {"train.seed": "3"})
    assert [(m.step, m.value) for m in client.get_metric_history(run.info.run_id, "loss")] == [
        (1, 1.0), (2, 0.5), (3, pytest.approx(1 / 3)),
    ]  # fmt: skip
