"""A sweep: Optuna says what to try, the queue trains it, run folders say what came of it.

`sweeps/NAME/optuna.sqlite` under the folder of runs holds what was tried; the process that looks after a sweep holds
nothing, so that the same command goes on with one that was killed. A trial is a job of the queue: its run goes on from
its last checkpoint like any other.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerascnn.errors import ResourceError, UsageError
from kerascnn.jobs.outcome import monitored
from kerascnn.jobs.plan import MOST, plan
from kerascnn.jobs.pool import terminate
from kerascnn.jobs.queue import OPEN, Job, Queue
from kerascnn.runs.atomic import write_text
from kerascnn.runs.folder import RunFolder
from kerascnn.spec.load import parse_spec, read_file
from kerascnn.spec.search import SECTION, setting
from kerascnn.spec.sweep import Parameter, Sweep
from kerascnn.spec.yaml_text import write_yaml

if TYPE_CHECKING:
    import optuna

FOLDER = "sweeps"
_JOB = "job"
_WARM_UP = 3
"""Trials that the median pruner lets end before it ends any early."""


class Searching:
    """One sweep under a folder of runs: give `told` to a pool that works on its `batch`.

    Raises UsageError where Optuna is not installed, or a sweep of this name tried other things.
    """

    def __init__(
        self,
        sweep: Sweep,
        queue: Queue,
        settings: Sequence[str] = (),
        many: int = 1,
        end: Callable[[Job], None] = terminate,
    ):
        # What is said of the sweep itself is in `sweep` already.
        settings = [one for one in settings if one.partition("=")[0].split(".")[0].strip() != SECTION]
        self.sweep, self.queue, self.settings, self.many = sweep, queue, settings, many
        self._end = end
        """Lets the process of a job end in order."""
        self.folder = queue.runs / FOLDER / sweep.name
        spec = Path(sweep.spec)
        first = [setting(path, one.told[0]) for path, one in sweep.parameters.items()]
        loaded = parse_spec(read_file(spec), str(spec), [*self.settings, *first])
        # A trial is one training; it need not ask anew whether all the others fit.
        self._alone = [] if loaded.sweep is None else [f"{SECTION}=null"]
        self.monitor = loaded.train.monitor
        metric = self.monitor.removeprefix("val_")
        self.upwards = loaded.task.metrics.get(metric, "min") == "max"
        self.batch = batch_of(sweep)
        self.study = self._study(_optuna())
        self._reported: dict[str, int] = {}
        """By job, how many epochs the pruner knows."""
        self._began = time.monotonic()
        self.full = False
        """Whether no new training begins any more."""

    def told(self, jobs: Sequence[Job]) -> None:
        """Take how the jobs stand: say it to Optuna, end what falls behind, and let the next ones wait."""
        trials = {trial.user_attrs[_JOB]: trial for trial in self._open_trials() if _JOB in trial.user_attrs}
        there = {job.id for job in jobs}
        for name, trial in trials.items():
            if name not in there:  # a process was killed before it could put the job into the queue
                self._put(trial.number, trial.params)
        for job in jobs:
            if job.id in trials:
                self._look(job, trials[job.id])
        waiting = sum(job.state in OPEN for job in self.queue.jobs(self.batch))
        while waiting < self.many and not self._is_full():
            self._ask()
            waiting += 1

    def best(self) -> optuna.trial.FrozenTrial | None:
        """Return the best trial so far, None where none is done."""
        with contextlib.suppress(ValueError):
            return self.study.best_trial
        return None

    def write_best(self) -> Path | None:
        """Write `best.yaml`, the best trial as a plain spec; return its path, None where no trial is done."""
        best = self.best()
        if best is None:
            return None
        spec = Path(self.sweep.spec)
        found = parse_spec(read_file(spec), str(spec), [*self.settings, *self._chosen(best.params)])
        came_to = f"{len(self.study.trials)} trials of the sweep {self.sweep.name}: {self.monitor} {best.value:.6g}"
        head = f"# The best of {came_to}.\n"
        file = self.folder / "best.yaml"
        write_text(file, head + write_yaml(found.spell()))
        return file

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each trial: its number, state, figure, values and job."""
        return [
            {
                "trial": trial.number,
                "state": trial.state.name.lower(),
                self.monitor: trial.value,
                "values": {path: _value(self.sweep.parameters[path], one) for path, one in trial.params.items()},
                "job": trial.user_attrs.get(_JOB, ""),
            }
            for trial in self.study.get_trials(deepcopy=False)
        ]

    def ranked(self) -> list[dict[str, Any]]:
        """Return the rows with the best one first, those without a figure last."""
        rows = self.rows()
        known = [row for row in rows if row[self.monitor] is not None]
        # A trial that was ended early is behind those that are done, whatever it had come to.
        known.sort(key=lambda row: -row[self.monitor] if self.upwards else row[self.monitor])
        known.sort(key=lambda row: row["state"] != "complete")
        return [*known, *(row for row in rows if row[self.monitor] is None)]

    def importances(self) -> dict[str, float]:
        """Return how much each path had to do with the figure, in all 1; {} where too few trials are done for that.

        By functional ANOVA (Hutter et al. 2014) with Optuna's and scikit-learn's random forest.
        """
        optuna = _optuna()
        done = [trial for trial in self.study.get_trials(deepcopy=False) if trial.state.name == "COMPLETE"]
        if len(done) < 8 or len({trial.value for trial in done}) == 1:
            return {}
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=self.sweep.seed)
        return dict(optuna.importance.get_param_importances(self.study, evaluator=evaluator))

    def _study(self, optuna: Any) -> optuna.Study:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._check_same()
        earlier = 0
        storage = f"sqlite:///{self.folder / 'optuna.sqlite'}"
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        try:
            study = optuna.create_study(
                study_name=self.sweep.name,
                storage=storage,
                direction="maximize" if self.upwards else "minimize",
                load_if_exists=True,
            )
            earlier = len(study.trials)
        except Exception as error:  # SQLAlchemy's, of which there are many
            raise ResourceError(f"the sweep in {self.folder} cannot be used: {error}") from error
        # A sampler that began anew with its seed would try the same once more.
        study.sampler = self._sampler(optuna, self.sweep.seed + earlier)
        study.pruner = self._pruner(optuna)
        if self.sweep.sampler == "grid":  # Optuna's own sampler cannot be asked from outside
            for chosen in self._grid():
                study.enqueue_trial(chosen, skip_if_exists=True)
        return study

    def _check_same(self) -> None:
        """Raise UsageError where a sweep of this name is there that tries something else."""
        file = self.folder / "sweep.json"
        # How many, and for how long, may be said anew.
        about = self.sweep.model_dump(mode="json", exclude={"trials", "minutes"}) | {"settings": self.settings}
        if not file.is_file():
            write_text(file, json.dumps(about, indent=2) + "\n")
        elif json.loads(file.read_text("utf-8")) != about:
            raise UsageError(
                f"another sweep is named {self.sweep.name}, in {self.folder}; give this one another name, or remove "
                "that folder"
            )

    def _sampler(self, optuna: Any, seed: int) -> Any:
        seed %= 2**32
        if self.sweep.sampler in ("random", "grid"):
            return optuna.samplers.RandomSampler(seed=seed)
        return (
            optuna.samplers.TPESampler(seed=seed, constant_liar=True)
            if self.many > 1
            else (optuna.samplers.TPESampler(seed=seed))
        )

    def _pruner(self, optuna: Any) -> Any:
        made = {
            "none": optuna.pruners.NopPruner,
            "asha": optuna.pruners.SuccessiveHalvingPruner,
            "hyperband": optuna.pruners.HyperbandPruner,
        }
        if self.sweep.pruner == "median":
            return optuna.pruners.MedianPruner(n_startup_trials=_WARM_UP, n_warmup_steps=1)
        return made[self.sweep.pruner]()

    def _open_trials(self) -> list[Any]:
        return [trial for trial in self.study.get_trials(deepcopy=False) if trial.state.name == "RUNNING"]

    def _is_full(self) -> bool:
        over = self.sweep.minutes is not None and time.monotonic() - self._began >= 60 * self.sweep.minutes
        states = [trial.state.name for trial in self.study.get_trials(deepcopy=False)]
        begun = len(states) - states.count("WAITING")
        self.full = over or begun >= self.sweep.trials or (self.sweep.sampler == "grid" and "WAITING" not in states)
        return self.full

    def _grid(self) -> list[dict[str, Any]]:
        paths = list(self.sweep.parameters)
        every = itertools.product(*(_choices(self.sweep.parameters[path]) for path in paths))
        found = [dict(zip(paths, chosen, strict=True)) for chosen in itertools.islice(every, MOST + 1)]
        if len(found) > MOST:
            raise UsageError(f"the grid has more than {MOST} trainings; give fewer values")
        return found

    def _ask(self) -> None:
        """Let one more training wait."""
        trial = self.study.ask()
        for path, one in self.sweep.parameters.items():
            _suggest(trial, path, one)
        trial.set_user_attr(_JOB, self._job(trial.number))
        self._put(trial.number, trial.params)

    def _job(self, number: int) -> str:
        return f"{self.batch}-{number + 1:04d}"

    def _put(self, number: int, params: dict[str, Any]) -> None:
        """Put the training of a trial into the queue."""
        planned = plan([Path(self.sweep.spec)], [*self.settings, *self._chosen(params)], vary=False)[0]
        named = replace(planned, name=f"trial {number + 1}: {_say(params)}")
        self.queue.put(self._job(number), named, self.batch)

    def _chosen(self, params: dict[str, Any]) -> list[str]:
        chosen = [setting(path, _value(self.sweep.parameters[path], value)) for path, value in params.items()]
        return [*chosen, *self._alone]

    def _look(self, job: Job, frozen: Any) -> None:
        """Say to Optuna what a job has come to."""
        optuna = _optuna()
        trial = optuna.trial.Trial(self.study, frozen._trial_id)
        values = monitored(RunFolder(job.run), self.monitor) if job.run else []
        for epoch in range(self._reported.get(job.id, 0), len(values)):
            trial.report(values[epoch], epoch)
        self._reported[job.id] = len(values)
        if job.state == "done" and values:
            self.study.tell(trial, max(values) if self.upwards else min(values))
        elif job.state not in OPEN:
            self.study.tell(trial, state=optuna.trial.TrialState.FAIL)
        elif job.state == "running" and values and trial.should_prune():
            self.queue.give_up(job.id, f"ended early after {len(values)} epochs: others are better at that point")
            self._end(job)
            self.study.tell(trial, state=optuna.trial.TrialState.PRUNED)


def batch_of(sweep: Sweep) -> str:
    """Return the batch of the queue that the trials of a sweep are."""
    return f"sweep-{sweep.name}"


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise UsageError("sweeps need Optuna: pip install 'kerascnn[sweep]'") from error
    return optuna


def _suggest(trial: Any, path: str, one: Parameter) -> None:
    if one.values is not None:
        trial.suggest_categorical(path, _choices(one))
    elif one.whole:
        trial.suggest_int(path, one.low, one.high, step=int(one.step or 1), log=one.log)
    else:
        trial.suggest_float(path, one.low, one.high, step=one.step, log=one.log)


def _choices(one: Parameter) -> list[Any]:
    """Return the values of a list, those that Optuna cannot hold as JSON; or of a range with a step."""
    if one.values is not None:
        return [value if isinstance(value, str | int | float | bool) else json.dumps(value) for value in one.values]
    assert one.low is not None
    assert one.high is not None
    step = one.step or 1
    count = int((one.high - one.low) / step + 1e-9) + 1
    return [one.low + i * step for i in range(count)]


def _value(one: Parameter, chosen: Any) -> Any:
    """Return a value as the spec has it."""
    if one.values is None:
        return chosen
    return one.values[_choices(one).index(chosen)]


def _say(params: dict[str, Any]) -> str:
    return ", ".join(
        f"{path.rpartition('.')[2]} {value:.4g}" if isinstance(value, float) else f"{path.rpartition('.')[2]} {value}"
        for path, value in params.items()
    )
