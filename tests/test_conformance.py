"""Every component of the core keeps what `kerascnn.testing` asks of components."""

import pkgutil
from functools import cache
from importlib import import_module

import pytest

import kerascnn
from kerascnn.spec import components
from kerascnn.spec.kinds import KINDS
from kerascnn.testing import (
    check_augmentation,
    check_backbone,
    check_component,
    check_explainer,
    check_exporter,
    check_head,
    check_layer,
    check_light_import,
    check_loss,
    check_method,
    check_metric,
    check_optimizer,
    check_plain_keras,
    check_schedule,
    check_sequence_augmentation,
    check_source,
    check_task,
)
from kerascnn.testing.method import made_up
from tests.helpers import make

CONV = {"type": "conv2d", "filters": 4}
PICTURE = (8, 8, 4)
SERIES = (12, 4)
VOLUME = (3, 4, 5, 2)

LAYERS = [
    ({"type": "conv2d", "filters": 4}, PICTURE),
    ({"type": "conv2d", "filters": 6, "kernel_size": [1, 3], "groups": 2, "activation": "gelu"}, PICTURE),
    ({"type": "conv2d", "filters": 4, "dilation_rate": 2, "padding": "valid", "use_bias": False}, PICTURE),
    ({"type": "depthwise_conv2d", "strides": 2, "depth_multiplier": 2}, PICTURE),
    ({"type": "separable_conv2d", "filters": 6, "activation": "relu"}, PICTURE),
    ({"type": "max_pooling2d"}, PICTURE),
    ({"type": "average_pooling2d", "pool_size": 3, "strides": 2, "padding": "same"}, PICTURE),
    ({"type": "global_average_pooling2d"}, PICTURE),
    ({"type": "global_max_pooling2d", "keepdims": True}, PICTURE),
    ({"type": "zero_padding2d", "padding": [1, 2]}, PICTURE),
    ({"type": "upsampling2d", "interpolation": "bilinear"}, PICTURE),
    ({"type": "flatten"}, PICTURE),
    ({"type": "dense", "units": 5}, (6,)),
    ({"type": "batch_norm"}, PICTURE),
    ({"type": "layer_norm"}, PICTURE),
    ({"type": "group_norm", "groups": 2}, PICTURE),
    ({"type": "activation", "function": "softmax"}, PICTURE),
    ({"type": "dropout"}, PICTURE),
    ({"type": "spatial_dropout2d"}, PICTURE),
    ({"type": "squeeze_excite"}, PICTURE),
    ({"type": "residual", "body": [CONV, {"type": "batch_norm"}, {"type": "activation"}]}, PICTURE),
    ({"type": "residual", "body": [CONV], "shortcut": [{**CONV, "kernel_size": 1}]}, (8, 8, 2)),
    ({"type": "parallel", "branches": [[CONV], [], [{"type": "dropout"}]]}, PICTURE),
    ({"type": "repeat", "times": 2, "body": [{**CONV, "strides": 2}]}, PICTURE),
    ({"type": "conv1d", "filters": 4}, SERIES),
    ({"type": "conv1d", "filters": 6, "dilation_rate": 2, "padding": "causal", "groups": 2}, SERIES),
    ({"type": "conv1d", "filters": 4, "strides": 3, "padding": "valid", "use_bias": False}, SERIES),
    ({"type": "separable_conv1d", "filters": 6, "strides": 2, "activation": "gelu"}, SERIES),
    ({"type": "max_pooling1d"}, SERIES),
    ({"type": "average_pooling1d", "pool_size": 3, "strides": 2, "padding": "same"}, SERIES),
    ({"type": "global_average_pooling1d"}, SERIES),
    ({"type": "global_max_pooling1d"}, SERIES),
    ({"type": "spatial_dropout1d"}, SERIES),
    ({"type": "conv2d", "filters": 4, "kernel_initializer": "he_normal", "kernel_l2": 1e-3, "max_norm": 3.0}, PICTURE),
    ({"type": "conv2d_transpose", "filters": 3, "kernel_l1": 1e-3}, PICTURE),
    ({"type": "depthwise_conv2d", "dilation_rate": 2, "max_norm": 2.0}, PICTURE),
    ({"type": "adaptive_max_pooling2d", "output_size": 3}, PICTURE),
    ({"type": "adaptive_average_pooling2d", "output_size": [3, 1]}, (9, 2, 4)),
    ({"type": "cropping2d", "cropping": [1, 2]}, PICTURE),
    ({"type": "reshape", "target_shape": [4, 16, -1]}, PICTURE),
    ({"type": "embedding", "input_dim": 5, "output_dim": 3}, (12, 1)),
    ({"type": "prelu"}, PICTURE),
    ({"type": "rms_norm"}, PICTURE),
    ({"type": "alpha_dropout"}, PICTURE),
    ({"type": "gaussian_dropout"}, PICTURE),
    ({"type": "gaussian_noise"}, PICTURE),
    ({"type": "stochastic_depth"}, PICTURE),
    ({"type": "eca"}, PICTURE),
    ({"type": "spatial_attention", "kernel_size": 3}, PICTURE),
    ({"type": "cbam"}, PICTURE),
    ({"type": "self_attention", "heads": 2, "dropout": 0.1}, PICTURE),
    ({"type": "self_attention", "heads": 2, "residual": False}, SERIES),
    ({"type": "basic_block", "filters": 6, "strides": 2, "stochastic_depth": 0.2}, PICTURE),
    ({"type": "bottleneck_block", "filters": 8, "groups": 2}, PICTURE),
    ({"type": "preactivation_block", "filters": 6, "activation": "silu"}, PICTURE),
    ({"type": "inverted_residual_block", "filters": 4, "expansion": 2}, PICTURE),
    ({"type": "convnext_block", "kernel_size": 3, "stochastic_depth": 0.1}, PICTURE),
    ({"type": "dense_block", "layers": 2, "growth_rate": 3, "dropout": 0.1}, PICTURE),
    (
        {"type": "inception_block", "filters_1x1": 2, "filters_3x3": 3, "filters_5x5": 1, "batch_norm": True},
        PICTURE,
    ),
    ({"type": "conv1d_transpose", "filters": 3}, SERIES),
    ({"type": "depthwise_conv1d", "depth_multiplier": 2}, SERIES),
    ({"type": "adaptive_max_pooling1d", "output_size": 5}, SERIES),
    ({"type": "adaptive_average_pooling1d", "output_size": 5}, SERIES),
    ({"type": "conv3d", "filters": 3, "strides": [1, 2, 2]}, VOLUME),
    ({"type": "conv3d_transpose", "filters": 3}, VOLUME),
    ({"type": "max_pooling3d"}, VOLUME),
    ({"type": "average_pooling3d", "pool_size": [1, 2, 3], "padding": "same"}, VOLUME),
    ({"type": "adaptive_max_pooling3d", "output_size": [2, 3, 3]}, VOLUME),
    ({"type": "adaptive_average_pooling3d", "output_size": [2, 3, 3]}, VOLUME),
    ({"type": "global_average_pooling3d"}, VOLUME),
    ({"type": "global_max_pooling3d"}, VOLUME),
    ({"type": "spatial_dropout3d"}, VOLUME),
]
# The shape, and by how many pixels maps may be smaller than their stride says.
BACKBONES = [
    ({"type": "lenet"}, (28, 28, 1), 2),
    ({"type": "alexnet"}, (67, 67, 3), 2),
    ({"type": "vgg", "depth": 11}, (32, 32, 3), 0),
    ({"type": "resnet", "depth": 18}, (32, 32, 3), 0),
    ({"type": "densenet", "growth_rate": 4}, (32, 32, 3), 0),
    ({"type": "mobilenet", "width": 0.25}, (32, 32, 3), 0),
    ({"type": "mobilenet_v3", "size": "small", "width": 0.25}, (32, 32, 3), 0),
    ({"type": "efficientnet"}, (32, 32, 3), 0),
    ({"type": "efficientnet_v2", "variant": "b0"}, (32, 32, 3), 0),
    ({"type": "efficientnet_lite"}, (32, 32, 3), 0),
    ({"type": "googlenet"}, (33, 32, 3), 1),
    ({"type": "inception_v3"}, (75, 75, 3), 4),
    ({"type": "xception"}, (35, 35, 3), 3),
    ({"type": "cifar_resnet"}, (9, 8, 3), 1),
    ({"type": "wide_resnet", "depth": 10, "width": 1, "dropout": 0.3}, (9, 8, 3), 1),
    ({"type": "fast_cnn", "width": 4, "activation": "celu"}, (17, 16, 1), 1),
    ({"type": "mlp", "hidden": [8, 4], "batch_norm": True, "dropout": 0.2}, (6, 5, 3), 0),
    ({"type": "convnext", "channels": 4, "blocks": [1, 1, 1, 1], "stochastic_depth": 0.2}, (33, 40, 3), 1),
    ({"type": "convnext", "channels": 4, "blocks": [1, 1, 1, 1], "norm": "pooled"}, (32, 32, 3), 0),
    ({"type": "vit", "patch": 4, "hidden": 16, "depth": 2, "heads": 2, "mlp": 32, "dropout": 0.1}, (8, 12, 3), 0),
    ({"type": "vit", "patch": 6, "hidden": 8, "depth": 1, "heads": 2, "mlp": 8, "pooling": "mean"}, (12, 12, 1), 0),
    ({"type": "swin", "channels": 4, "head_width": 4, "blocks": [1, 2, 1, 1], "window": 3}, (37, 50, 3), 1),
    ({"type": "conv_attention", "filters": [4, 4, 8], "blocks": [1, 1, 1], "head_width": 4}, (9, 12, 3), 1),
    ({"type": "conv_attention", "filters": [4, 8], "blocks": [1, 1], "head_width": 8, "stem_stride": 1}, (8, 8, 1), 0),
    ({"type": "lenet", "padding": "valid", "pooling": "max", "activation": "relu"}, (32, 32, 3), 3),
    ({"type": "simple_cnn", "filters": [4, 8]}, (16, 16, 3), 0),
    (
        {"type": "simple_cnn", "filters": [4, 8], "batch_norm": True, "dropout": 0.2, "convolutions": 2},
        (19, 23, 1),
        1,
    ),
    (
        {"type": "layers", "layers": [CONV, {"type": "squeeze_excite"}, {"type": "max_pooling2d"}]},
        (8, 8, 3),
        0,
    ),
    ({"type": "text_cnn", "kernel_sizes": [2, 3], "filters": 4, "dropout": 0.2}, (7, 5), 0),
    ({"type": "char_cnn"}, (123, 3), 0),
    ({"type": "vdcnn"}, (40, 3), 0),
    ({"type": "vdcnn", "pooling": "convolution", "shortcut": True, "k": 2}, (17, 3), 0),
    ({"type": "dilated_text", "filters": 4, "dilations": [1, 3], "dropout": 0.1}, (9, 5), 0),
    ({"type": "dilated_text", "filters": 4, "kernel_size": 2, "pooling": "avg"}, (9, 5), 0),
    ({"type": "unet_encoder", "filters": [3, 4, 5], "dropout": 0.2}, (19, 23, 1), 1),
    ({"type": "unet_encoder", "filters": [3, 4], "convolutions": 1, "batch_norm": False}, (16, 16, 3), 0),
    ({"type": "series_fcn", "filters": [6, 4], "kernel_sizes": [5, 3]}, (12, 2), 0),
    ({"type": "series_resnet", "filters": [4, 6], "skip_padding": False}, (12, 2), 0),
    ({"type": "inception_time", "filters": 3, "depth": 3, "kernel_sizes": [8, 5], "bottleneck": 2}, (12, 2), 0),
    ({"type": "series_encoder", "filters": [4, 6], "kernel_sizes": [5, 3], "units": 5}, (12, 2), 0),
    ({"type": "tcn", "filters": 4, "levels": 2, "output": "mean"}, (12, 2), 0),
    ({"type": "tcn", "filters": 4, "levels": 2, "window_norm": True}, (12, 2), 0),
    ({"type": "lite", "filters": 4, "kernel_size": 8}, (12, 2), 0),
    ({"type": "conv1d_small", "filters": [4, 6], "dropout": 0.1}, (13, 2), 0),
    ({"type": "m5", "depth": 3}, (400, 1), 0),
]
FEATURES = {"P2": (7, 7, 4), "P3": (4, 4, 6)}
HEADS = [
    ({"type": "classifier"}, FEATURES),
    ({"type": "classifier", "pooling": "flatten", "hidden": [8], "dropout": 0.5}, FEATURES),
    ({"type": "classifier", "pooling": "max", "activation": "gelu", "hidden": [4, 4]}, {"out": (5,)}),
    ({"type": "classifier", "dropout": 0.5, "max_norm": 3.0}, {"out": (5,)}),
    ({"type": "multilabel_classifier", "hidden": [4]}, FEATURES),
    ({"type": "embedding", "units": 4}, FEATURES),
    ({"type": "embedding", "units": 3, "scale": 5.0, "hidden": [4], "dropout": 0.5}, {"out": (5,)}),
    ({"type": "regressor", "pooling": "max"}, {"out": (9, 5)}),
    # With how many outputs it is checked, where that is not 3.
    ({"type": "center_detector", "filters": 4}, {"P1": (14, 15, 3), "P2": (7, 7, 4), "P3": (4, 3, 6)}, 6),
    ({"type": "center_detector", "stride": 8, "filters": 3}, FEATURES, 5),
    ({"type": "forecaster", "values": 3}, {"P0": (9, 5), "out": (4,)}, 6),
    ({"type": "segmenter"}, {"P0": (9, 7, 3), "P1": (5, 4, 4)}),
    ({"type": "segmenter", "filters": [4, 3], "upsampling": "bilinear", "batch_norm": False}, FEATURES),
]
AUGMENTATIONS = [
    {"type": "color_jitter"},
    {"type": "color_jitter", "brightness": 0.0, "contrast": 0.5, "saturation": 1.0, "hue": 0.5},
    {"type": "random_brightness"},
    {"type": "random_contrast"},
    # These leave grey pictures as they are, and the kit has both.
    {"type": "random_saturation", "factor": 0.5},
    {"type": "random_hue", "factor": 0.5},
    {"type": "random_grayscale", "probability": 0.5},
    {"type": "random_invert", "probability": 0.5},
    {"type": "random_posterize", "bits": [1, 8]},
    {"type": "random_solarize", "threshold": 100},
    {"type": "random_equalize"},
    # The kit's pictures span the whole range.
    {"type": "random_autocontrast", "probability": 0.5, "cutoff": 0.05},
    {"type": "random_sharpness"},
    {"type": "random_blur", "sigma": [0.5, 3]},
    {"type": "random_noise"},
    {"type": "random_erasing"},
    {"type": "random_erasing", "probability": 1.0, "value": "zeros", "scale": [0.5, 1.0], "ratio": [0.05, 20.0]},
    {"type": "random_erasing", "value": "mean"},
    {"type": "random_flip"},
    {"type": "random_flip", "mode": "both", "probability": 0.9},
    {"type": "random_crop"},
    {"type": "random_crop", "padding": 2, "fill": "reflect"},
    {"type": "random_rotation"},
    {"type": "random_rotation", "degrees": 180, "fill": "edge"},
    {"type": "random_translation"},
    {"type": "random_translation", "height": 0.0, "width": 0.3, "fill": "reflect"},
    {"type": "random_zoom"},
    {"type": "random_zoom", "factors": [0.5, 2], "fill": "reflect"},
    {"type": "random_shear"},
    {"type": "random_shear", "x": 0.3, "y": 0.3, "fill": "edge"},
    {"type": "random_perspective"},
    {"type": "random_perspective", "scale": 0.2, "fill": "reflect"},
    {"type": "random_resized_crop"},
    {"type": "random_resized_crop", "scale": [0.08, 1.0], "ratio": [0.5, 2]},
    {"type": "random_elastic"},
    {"type": "random_elastic", "alpha": 0.1, "sigma": 0.3, "fill": "reflect"},
    {"type": "mixup"},
    {"type": "mixup", "alpha": 1.0, "probability": 0.5},
    {"type": "cutmix"},
    {"type": "cutmix", "alpha": 0.5, "probability": 1.0},
    {"type": "rand_augment"},
    {"type": "rand_augment", "num_ops": 4, "magnitude": 20.0, "fill": "reflect"},
    {"type": "trivial_augment"},
    {"type": "aug_mix"},
    {"type": "aug_mix", "width": 1, "depth": [3, 3], "severity": 10.0, "alpha": 0.5, "fill": "edge"},
]
SEQUENCE_AUGMENTATIONS = [
    {"type": "series_jitter"},
    {"type": "series_jitter", "std": 1.0},
    {"type": "series_scaling"},
    {"type": "time_warp"},
    {"type": "time_warp", "std": 2.0, "knots": 0},
    {"type": "time_warp", "std": 1.0, "knots": 20},
    {"type": "window_slice"},
    {"type": "window_slice", "fraction": 0.1},
    {"type": "word_dropout", "probability": 0.5},
    {"type": "word_swap", "probability": 1.0},
    {"type": "time_shift"},
    {"type": "time_shift", "fraction": 1.0, "fill": "wrap"},
    {"type": "audio_noise"},
    {"type": "audio_noise", "ratio": [-20, 0], "probability": 0.5},
    {"type": "spec_augment"},
    {"type": "spec_augment", "time_masks": 9, "frequency_fraction": 1.0, "window": 33},
]
EXPLAINERS = [
    {"type": "grad_cam"},
    {"type": "grad_cam", "layer": "P4"},
    {"type": "hires_cam"},
    {"type": "saliency"},
    {"type": "smooth_grad", "samples": 3, "noise": 0.3, "seed": 7},
    {"type": "integrated_gradients", "steps": 4},
    {"type": "attention_rollout"},
    {"type": "occlusion", "size": 0.3, "overlap": 0.0},
]
EXPORTERS = [
    {"type": "keras"},
    {"type": "saved_model"},
    {"type": "onnx", "opset": 15},
    {"type": "onnx", "quantize": "int8", "samples": 5},
    {"type": "litert"},
    {"type": "litert", "quantize": "int8", "samples": 5, "largest_drop": 0.2},
]
OTHERS = [
    # An extra, which its own tests build where it is installed.
    ("backbone", {"type": "keras_hub", "preset": "resnet_50_imagenet"}),
    ("source", {"type": "image_folder", "path": "pictures"}),
    ("source", {"type": "manifest", "path": "labels.csv", "split_column": "part"}),
    ("source", {"type": "idx", "path": "mnist", "labels": ["shirt", "shoe"]}),
    ("source", {"type": "digits"}),
    ("source", {"type": "arrays", "path": "pictures.npz", "class_names": ["cat", "dog"]}),
    ("source", {"type": "keras_dataset", "name": "fashion_mnist"}),
    ("source", {"type": "image_masks", "images": "images", "masks": "masks", "class_names": ["cell", "membrane"]}),
    ("source", {"type": "pascal_voc", "path": "VOC2012", "keep_difficult": False}),
    ("source", {"type": "coco", "annotations": "train.json", "images": "train", "test_annotations": "test.json"}),
    ("source", {"type": "yolo", "path": "boxes", "class_names": ["cat"]}),
    ("source", {"type": "manifest", "path": "labels.parquet", "labels_column": "labels", "separator": "|"}),
    ("source", {"type": "manifest", "path": "labels.tsv", "target_columns": ["x", "y"], "metadata_columns": ["site"]}),
    ("source", {"type": "text_folder", "path": "texts"}),
    ("source", {"type": "text_table", "path": "reviews.jsonl", "metadata_columns": ["date"], "encoding": "cp1252"}),
    ("source", {"type": "text_lines", "path": "train.txt", "test_path": "test.txt", "class_names": ["bad", "good"]}),
    ("source", {"type": "series_table", "path": "load.csv", "layout": "long", "target_columns": ["peak"]}),
    ("source", {"type": "ts_file", "path": "train.ts", "test_path": "test.ts", "target_kind": "value"}),
    ("source", {"type": "series_arrays", "path": "series.npz", "class_names": ["walk", "run"]}),
    ("source", {"type": "series_windows", "path": "load.csv", "window": 96, "season": 24, "target_columns": ["load"]}),
    ("source", {"type": "audio_folder", "path": "sounds"}),
    ("source", {"type": "audio_manifest", "path": "sounds.csv", "group_column": "speaker"}),
    ("task", {"type": "image_classification", "label_smoothing": 0.1, "class_weights": "auto"}),
    ("task", {"type": "image_multilabel", "threshold": 0.3, "criterion": "focal", "gamma": 1.5}),
    ("task", {"type": "image_regression", "error": "huber", "delta": 2.0}),
    ("task", {"type": "text_classification", "class_weights": {"bad": 3, "good": 0.5}}),
    ("task", {"type": "series_classification"}),
    ("task", {"type": "series_regression", "error": "absolute"}),
    ("task", {"type": "series_forecast", "error": "huber"}),
    ("task", {"type": "audio_classification", "label_smoothing": 0.1}),
    ("task", {"type": "image_segmentation", "criterion": "cross_entropy_tversky", "alpha": 0.2}),
    ("task", {"type": "object_detection", "most_boxes": 20, "threshold": 0.4}),
    ("optimizer", {"type": "sgd", "momentum": 0.9, "clipnorm": 1.0}),
    ("optimizer", {"type": "adam"}),
    ("optimizer", {"type": "adamw"}),
    ("optimizer", {"type": "rmsprop"}),
    ("optimizer", {"type": "adagrad", "clipvalue": 0.5}),
    ("optimizer", {"type": "adadelta"}),
    ("optimizer", {"type": "nadam", "ema": 0.99}),
    ("optimizer", {"type": "adamax"}),
    ("optimizer", {"type": "lamb"}),
    ("optimizer", {"type": "lion", "weight_decay": 0.1}),
    ("optimizer", {"type": "adafactor"}),
    ("optimizer", {"type": "muon", "rms_rate": None, "exclude_layers": ["^fc"]}),
    ("schedule", {"type": "constant", "warmup": 0.1}),
    ("schedule", {"type": "cosine", "warmup": 0.1}),
    ("schedule", {"type": "cyclic_cosine", "cycles": 3}),
    ("schedule", {"type": "step", "at": [0.3, 0.6, 0.9]}),
    ("schedule", {"type": "exponential"}),
    ("schedule", {"type": "polynomial", "power": 0.9}),
    ("schedule", {"type": "inverse_time"}),
    ("schedule", {"type": "one_cycle", "phases": 3, "rise": 0.45}),
    ("schedule", {"type": "plateau", "lowest": 0.01}),
    # Each is followed through a training beside its own tests, the trackers with a stand-in for what they need.
    ("callback", {"type": "csv_log"}),
    ("callback", {"type": "tensorboard", "histograms": 2}),
    ("callback", {"type": "weight_histograms", "every": 3}),
    ("callback", {"type": "mlflow", "tracking_uri": "http://localhost:5000"}),
    ("callback", {"type": "wandb", "mode": "online", "entity": "lab"}),
    ("loss", {"type": "poly", "epsilon": 2.0, "label_smoothing": 0.1}),
    ("loss", {"type": "quantile", "quantile": 0.9}),
    ("metric", {"type": "cohen_kappa", "weights": "quadratic"}),
    ("metric", {"type": "matthews"}),
    ("metric", {"type": "smape"}),
    ("method", {"type": "pruning", "sparsity": 0.9, "initial": 0.2, "begin": 0.1, "end": 0.6, "spare_last": True}),
    ("method", {"type": "swa", "begin": 0.5, "every": 2}),
    ("method", {"type": "snapshots", "cycles": 3}),
    ("method", {"type": "distillation", "run": "runs/teacher", "weight": 0.9}),
]
CASES = [
    *(("layer", case) for case, _ in LAYERS),
    *(("backbone", case) for case, *_ in BACKBONES),
    *(("head", case) for case, *_ in HEADS),
    *(("augmentation", case) for case in [*AUGMENTATIONS, *SEQUENCE_AUGMENTATIONS]),
    *(("explainer", case) for case in EXPLAINERS),
    *(("exporter", case) for case in EXPORTERS),
    *OTHERS,
]


def of(kind, case):
    return make(kind, case["type"], **{key: value for key, value in case.items() if key != "type"})


def named(case):
    return case["type"] if isinstance(case, dict) else None


@cache
def checked(kind, number):
    """Check one case and return its model, once for the tests that want it."""
    if kind == "layer":
        case, shape = LAYERS[number]
        return check_layer(of(kind, case), shape, plain_keras=False)
    if kind == "backbone":
        case, shape, slack = BACKBONES[number]
        return check_backbone(of(kind, case), shape, slack=slack, plain_keras=False)
    case, features, *outputs = HEADS[number]
    return check_head(of(kind, case), features, *(outputs or [3]), plain_keras=False)


_LARGE = {
    "alexnet", "densenet", "efficientnet", "efficientnet_lite", "efficientnet_v2", "googlenet", "inception_v3",
    "mobilenet", "mobilenet_v3", "swin", "vgg", "xception",
}  # fmt: skip
"""Backbones of so many layers or weights, whatever their fields, that each takes seconds."""

_ANOTHER = {
    number
    for number, (case, *_) in enumerate(BACKBONES)
    if case["type"] in {before["type"] for before, *_ in BACKBONES[:number]} and case["type"] != "simple_cnn"
}
"""Second cases of a backbone: the first shows most of what they do. The one of simple_cnn has what it lacks."""

_ANOTHER_OF_MAPS = {
    number
    for number, (case, *_) in enumerate(HEADS)
    if case["type"] in ("center_detector", "segmenter") and HEADS[number - 1][0]["type"] == case["type"]
}
"""Second cases of heads of maps, which take longer than rows."""


@pytest.mark.parametrize(("kind", "case"), CASES, ids=named)
def test_component_conforms(kind, case):
    check_component(of(kind, case))


@pytest.mark.parametrize("number", range(len(LAYERS)), ids=lambda number: LAYERS[number][0]["type"])
def test_layer_conforms(number):
    assert checked("layer", number).output_shape[0] is None


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(
            number,
            marks=pytest.mark.slow if case["type"] in _LARGE or number in _ANOTHER else (),
            id=f"{case['type']}-{number}",
        )
        for number, (case, *_) in enumerate(BACKBONES)
    ],
)
def test_backbone_conforms(number):
    assert isinstance(checked("backbone", number).output, dict)


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(number, marks=pytest.mark.slow if number in _ANOTHER_OF_MAPS else ())
        for number in range(len(HEADS))
    ],
    ids=lambda number: HEADS[number][0]["type"],
)
def test_head_conforms(number):
    assert checked("head", number).output_shape[0] is None


@pytest.mark.parametrize("case", AUGMENTATIONS, ids=named)
def test_augmentation_conforms(case):
    check_augmentation(of("augmentation", case))


@pytest.mark.parametrize("case", SEQUENCE_AUGMENTATIONS, ids=named)
def test_augmentation_of_sequences_conforms(case):
    check_sequence_augmentation(of("augmentation", case))


@pytest.mark.parametrize("case", EXPLAINERS, ids=named)
def test_explainer_conforms(case):
    check_explainer(of("explainer", case))


@pytest.mark.parametrize("case", EXPORTERS, ids=named)
def test_exporter_conforms(case, tmp_path):
    check_exporter(of("exporter", case), tmp_path)


@pytest.mark.parametrize("case", [case for kind, case in OTHERS if kind == "task"], ids=named)
def test_task_conforms(case):
    # The weights of the cases are by the names of other classes than those of the kit.
    check_task(of("task", {key: value for key, value in case.items() if key != "class_weights"}))
    if "class_weights" in case:
        check_task(of("task", {**case, "class_weights": "auto"}))


@pytest.mark.parametrize("case", [case for kind, case in OTHERS if kind == "optimizer"], ids=named)
def test_optimizer_conforms(case):
    check_optimizer(of("optimizer", case))


@pytest.mark.parametrize("case", [case for kind, case in OTHERS if kind == "schedule"], ids=named)
def test_schedule_conforms(case):
    check_schedule(of("schedule", case))


@pytest.mark.parametrize("case", [case for kind, case in OTHERS if kind == "loss"], ids=named)
def test_loss_conforms(case):
    check_loss(of("loss", case))


@pytest.mark.parametrize("case", [case for kind, case in OTHERS if kind == "metric"], ids=named)
def test_metric_conforms(case):
    check_metric(of("metric", case))
    if case["type"] == "smape":
        check_metric(of("metric", case), make("task", "series_forecast"))


@pytest.mark.slow
@pytest.mark.parametrize("case", [case for kind, case in OTHERS if kind == "method"], ids=named)
def test_method_conforms(case, tmp_path):
    if case["type"] == "distillation":
        case = {**case, "run": str(kerascnn.train(made_up(tmp_path, epochs=1), tmp_path / "runs").path)}
    assert check_method(of("method", case))


def test_source_conforms():
    # The sources of files are checked beside their tests, where there are files.
    assert len(check_source(make("source", "digits")).labels) == 10


@pytest.mark.slow
def test_saved_models_open_with_plain_keras():
    cases = {"layer": LAYERS, "backbone": BACKBONES, "head": HEADS}
    check_plain_keras(
        {
            f"{kind} {i} {case[0]['type']}": checked(kind, i)
            for kind, all_ in cases.items()
            for i, case in enumerate(all_)
        }
    )


def test_every_module_of_components_imports_without_keras_and_numpy():
    folders = [import_module(cls.folder) for cls in KINDS.values() if cls.folder]  # pages are plugins' alone
    check_light_import(
        "kerascnn",
        "kerascnn.testing",
        *(f"{folder.__name__}.{module.name}" for folder in folders for module in pkgutil.iter_modules(folder.__path__)),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_every_component_has_a_case(kind):
    ours = {name for name, cls in components(kind).items() if cls.__module__.startswith("kerascnn.")}
    assert ours == {case["type"] for other, case in CASES if other == kind}
