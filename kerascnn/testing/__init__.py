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
`check_augmentation`, those of series, texts and sounds to `check_sequence_augmentation`. `check_method` trains, which
takes seconds.
"""

from kerascnn.testing.augmentation import check_augmentation
from kerascnn.testing.callback import check_callback
from kerascnn.testing.component import check_component, check_light_import
from kerascnn.testing.explainer import check_explainer
from kerascnn.testing.exporter import check_exporter
from kerascnn.testing.loss import check_loss
from kerascnn.testing.method import check_method
from kerascnn.testing.metric import check_metric
from kerascnn.testing.network import check_backbone, check_head, check_layer
from kerascnn.testing.optimizer import check_optimizer
from kerascnn.testing.page import MadeUpDesk, check_page
from kerascnn.testing.plain_keras import check_plain_keras
from kerascnn.testing.rule import check_rule
from kerascnn.testing.schedule import check_schedule
from kerascnn.testing.sequences import check_sequence_augmentation
from kerascnn.testing.source import check_source
from kerascnn.testing.task import Answered, check_task

__all__ = [
    "Answered",
    "MadeUpDesk",
    "check_augmentation",
    "check_backbone",
    "check_callback",
    "check_component",
    "check_explainer",
    "check_exporter",
    "check_head",
    "check_layer",
    "check_light_import",
    "check_loss",
    "check_method",
    "check_metric",
    "check_optimizer",
    "check_page",
    "check_plain_keras",
    "check_rule",
    "check_schedule",
    "check_sequence_augmentation",
    "check_source",
    "check_task",
]
