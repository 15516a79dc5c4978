"""What every rule of good practice is made of: what is known, what is said, and the list of all rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from kerascnn.errors import PluginError
from kerascnn.spec.component import qualified, registry
from kerascnn.spec.data import DataInfo, Finding
from kerascnn.spec.spec import Spec

Loc = tuple[str | int, ...]


@dataclass(frozen=True)
class Known:
    """What is known of the data and of the network when the rules are asked."""

    info: DataInfo | None = None
    findings: Sequence[Finding] = field(default_factory=tuple)
    parameters: int | None = None
    """Weights of the network, where it is built."""

    @property
    def train(self) -> dict[str, int]:
        """The number of training samples of each class."""
        return dict(self.info.counts.get("train", {})) if self.info else {}

    @property
    def samples(self) -> int:
        """The number of training samples, 0 where it is not known. Those of several classes count once."""
        return self.info.sizes.get("train", 0) or sum(self.train.values()) if self.info else 0


@dataclass(frozen=True)
class Advice:
    """What a rule says."""

    id: str
    """The rule's name."""
    path: Loc
    """The place in the spec that it is about."""
    message: str

    def finding(self) -> Finding:
        """Return the advice as a finding."""
        return Finding(self.id, "warning", f"{'.'.join(map(str, self.path))}: {self.message}")


Rule = Callable[[Spec, Known], Iterator[tuple[Loc, str]]]
RULES: dict[str, Rule] = registry()


def rule(name: str) -> Callable[[Rule], Rule]:
    """Add a rule by its name; that of a plugin carries the plugin's name, too.

    It yields a place in the spec and a sentence: what usually goes wrong; what to do.
    """

    def add(function: Rule) -> Rule:
        full = qualified(name, function)
        if RULES.get(full, function) is not function:
            raise PluginError(f"two rules are named '{full}'")
        RULES[full] = function
        return function

    return add


def pretrained(spec: Spec) -> bool:
    """Return whether training begins with weights."""
    return getattr(spec.model.backbone, "weights", "none") not in (None, "none")
