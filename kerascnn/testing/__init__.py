"""The conformance kit: what every component has to keep, the core's own and a plugin's alike.

Call these from your tests, with components as a spec would hold them:

    from kerascnn.testing import check_component, check_layer

    def test_coord_attention_conforms():
        layer = CoordAttention(reduction=8)
        check_component(layer)
        check_layer(layer, (16, 16, 8))

Each raises AssertionError with a sentence that says what is wrong with the component and what to do about it.
A check of a saved model takes seconds, because it loads Keras anew: give `plain_keras=False` and hand the
models that come back to one `check_plain_keras`. To import the kit loads no Keras. Augmentations of pictures go to
`check_augmentation`, those of series, texts and sounds to `check_sequence_augmentation`.
"""

from kerascnn.testing.augmentation import check_augmentation
from kerascnn.testing.callback import check_callback
from kerascnn.testing.component import check_component, check_light_import
from kerascnn.testing.explainer import check_explainer
from kerascnn.testing.network import check_backbone, check_head, check_layer
from kerascnn.testing.plain_keras import check_plain_keras
from kerascnn.testing.sequences import check_sequence_augmentation
from kerascnn.testing.source import check_source

__all__ = [
    "check_augmentation",
    "check_backbone",
    "check_callback",
    "check_component",
    "check_explainer",
    "check_head",
    "check_layer",
    "check_light_import",
    "check_plain_keras",
    "check_sequence_augmentation",
    "check_source",
]
