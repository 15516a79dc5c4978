"""The templates of known networks have the parameters that the papers (or Keras) give, in the form of ImageNet."""

from pathlib import Path

import pytest

from kerascnn.engine.describe import describe_input
from kerascnn.engine.summary import summarize
from kerascnn.spec import load_spec

TEMPLATES = Path(__file__).parents[2] / "templates" / "image_classification"
# Keras's counts have the statistics of batch normalisation in them, which are not trained.
ALL, TRAINED = "parameters", "trainable_parameters"
COUNTS = {
    "alexnet": (TRAINED, 60_965_224),
    "vgg16": (TRAINED, 138_357_544),
    "vgg19": (TRAINED, 143_667_240),
    "resnet18": (TRAINED, 11_689_512),
    "resnet34": (TRAINED, 21_797_672),
    "resnet50": (TRAINED, 25_557_032),
    "resnet101": (TRAINED, 44_549_160),
    "resnet152": (TRAINED, 60_192_808),
    "resnext50": (TRAINED, 25_028_904),
    "se_resnet50": (TRAINED, 28_088_024),
    "densenet121": (ALL, 8_062_504),
    "mobilenet_v1": (ALL, 4_253_864),
    "mobilenet_v2": (ALL, 3_538_984),
}


@pytest.mark.parametrize("name", COUNTS)
def test_a_template_has_the_reference_count(name):
    spec = load_spec(TEMPLATES / f"{name}.yaml")
    which, count = COUNTS[name]
    assert summarize(spec, describe_input(spec, 1000, "224,224,3"))[which] == count


def test_lenet_has_the_count_of_the_paper():
    spec = load_spec(TEMPLATES / "lenet5.yaml")
    assert summarize(spec, describe_input(spec, 10, "28,28,1"))[TRAINED] == 61_706
