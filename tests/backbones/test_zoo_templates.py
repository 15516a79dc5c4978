"""The templates of known networks have the parameters that the papers (or Keras) give, as on ImageNet or CIFAR-10."""

from pathlib import Path

import pytest

from kerascnn.engine.describe import describe_input
from kerascnn.engine.summary import summarize
from kerascnn.spec import load_spec

TEMPLATES = Path(__file__).parents[2] / "templates" / "image_classification"
# Keras's counts have the statistics of batch normalisation in them, which are not trained.
ALL, TRAINED = "parameters", "trainable_parameters"
# Classes and pictures, where they are not those of ImageNet.
CIFAR10 = (10, "32,32,3")
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
    "googlenet": (TRAINED, 6_624_904),
    "convnext_tiny": (TRAINED, 28_589_128),
    "vit_b16": (TRAINED, 86_567_656),
    "swin_t": (TRAINED, 28_288_354),
    "inception_v3": (ALL, 23_851_784),
    "xception": (ALL, 22_910_480),
    "cifar_resnet20": (TRAINED, 269_722, *CIFAR10),
    "wide_resnet28_10": (TRAINED, 36_479_194, *CIFAR10),
    "mobilenet_v1": (ALL, 4_253_864),
    "mobilenet_v2": (ALL, 3_538_984),
    "mobilenet_v3_large": (ALL, 5_507_432),
    # Keras counts 5,330,571: seven are those of its own normalisation of pictures (mean, variance, count).
    "efficientnet_b0": (ALL, 5_330_571 - 7),
    "efficientnet_v2_s": (ALL, 21_612_360),
    "efficientnet_lite0": (TRAINED, 4_652_008),
}


FAST = ("alexnet", "resnet18", "resnet50", "googlenet", "mobilenet_v2", "convnext_tiny", "cifar_resnet20")
"""The count of each network stands beside its backbone as well."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in FAST else pytest.mark.slow) for name in COUNTS]
)
def test_a_template_has_the_reference_count(name):
    spec = load_spec(TEMPLATES / f"{name}.yaml")
    which, count, *form = COUNTS[name]
    classes, shape = form or (1000, "224,224,3")
    assert summarize(spec, describe_input(spec, classes, shape))[which] == count


def test_lenet_has_the_count_of_the_paper():
    spec = load_spec(TEMPLATES / "lenet5.yaml")
    assert summarize(spec, describe_input(spec, 10, "28,28,1"))[TRAINED] == 61_706
