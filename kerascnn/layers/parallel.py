"""Branches side by side (Szegedy et al. 2014, arXiv:1409.4842)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from kerascnn.errors import BuildError
from kerascnn.spec import Layer, OneOf, register
from kerascnn.spec.compose import compose
from kerascnn.spec.trace import at, current_path


@register("parallel")
class Parallel(Layer):
    """Give the input to every branch and merge what they make of it. An empty branch is the input itself.

    Shapes: `(n, h, w, c) -> (n, h', w', sum of the branches' channels)` by concatenation; the other merges want equal
    shapes and keep them.
    """

    branches: list[list[OneOf[Layer]]] = Field(min_length=1, max_length=64)
    """The branches, each a chain of layers."""
    merge: Literal["concatenate", "add", "average", "maximum", "multiply"] = "concatenate"
    """How the branches become one."""

    def apply(self, x: Any) -> Any:
        """Return the merged branches."""
        from keras import layers

        outputs = []
        for i, branch in enumerate(self.branches):
            with at("branches", i):
                outputs.append(compose(branch, x))
        shapes = [tuple(y.shape[1:]) for y in outputs]
        fits = {shape[:-1] if self.merge == "concatenate" else shape for shape in shapes}
        if len(fits) > 1:
            wanted = "sizes" if self.merge == "concatenate" else "shapes"
            raise BuildError(
                f"the branches end in different {wanted}, so '{self.merge}' cannot join them: "
                + ", ".join(map(str, shapes)),
                current_path(),
            )
        if len(outputs) == 1:
            return outputs[0]
        return getattr(layers, self.merge)(outputs)
