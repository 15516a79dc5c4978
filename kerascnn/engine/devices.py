"""What the machine is and what follows for precision and XLA. This module touches the backends themselves."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import keras

from kerascnn.spec import Spec

_PACKAGES = ("kerascnn", "keras", "tensorflow", "jax", "torch", "numpy", "scikit-learn", "pillow", "pydantic")


def backend() -> str:
    """Return the Keras backend: "tensorflow", "jax" or "torch"."""
    return str(keras.backend.backend())


def gpus() -> list[str]:
    """Return the names of the GPUs that the backend sees."""
    if backend() == "torch":
        import torch

        return [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    if backend() == "jax":
        import jax

        return [device.device_kind for device in jax.devices() if device.platform == "gpu"]
    import tensorflow as tf

    devices = tf.config.list_physical_devices("GPU")
    return [tf.config.experimental.get_device_details(d).get("device_name", d.name) for d in devices]


def free_device_memory() -> int | None:
    """Return the free bytes of the first GPU; None where the backend does not say."""
    if backend() == "torch":
        import torch

        return int(torch.cuda.mem_get_info()[0])
    if backend() == "jax":
        import jax

        facts = jax.local_devices()[0].memory_stats() or {}
        return facts["bytes_limit"] - facts.get("bytes_in_use", 0) if "bytes_limit" in facts else None
    return None


def environment() -> dict[str, Any]:
    """Return what a repeat of the run would need to know of this machine and its software."""
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    flags = ("TF_ENABLE_ONEDNN_OPTS", "XLA_FLAGS", "OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "threads": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "backend": backend(),
        "gpus": gpus(),
        "versions": versions,
        "flags": {name: os.environ[name] for name in flags if name in os.environ},
        "command": sys.argv,
    }


def differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Return what of two environments may lead to other bits: versions, plugins, backend, processors, flags, threads.

    Where they say them, also the number of devices that share a batch, and of processes.
    """
    flat = []
    for facts in (before, now):
        packages = {f"{name} version": version for name, version in facts.get("versions", {}).items()}
        packages |= {f"plugin {name}": version for name, version in facts.get("plugins", {}).items()}
        names = ("python", "platform", "machine", "cpus", "threads", "backend", "gpus", "devices", "processes")
        plain = {key: facts.get(key) for key in names}
        flat.append({**plain, **packages, **facts.get("flags", {})})
    return [f"{name} was {flat[0].get(name)}, is {flat[1].get(name)}" for name in dict.fromkeys([*flat[0], *flat[1]])
            if flat[0].get(name) != flat[1].get(name)]  # fmt: skip


def be_deterministic() -> None:
    """Let the backend use only what gives the same bits each time. For this process it stays so."""
    name = backend()
    if name == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    elif name == "torch":
        import torch

        torch.use_deterministic_algorithms(True)
    elif gpus():  # XLA reads it when the first program is compiled
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_gpu_deterministic_ops=true".strip()


def choose_precision(spec: Spec) -> dict[str, str]:
    """Return the dtype policy and why it was chosen."""
    asked = spec.train.precision
    if asked != "auto":
        return {"asked": asked, "used": asked, "why": "the spec says so"}
    found = gpus()
    if not found:
        return {"asked": asked, "used": "float32", "why": "there is no GPU; a CPU gains nothing by 16 bits"}
    policy = "mixed_bfloat16" if _has_bfloat16() else "mixed_float16"
    return {"asked": asked, "used": policy, "why": f"{found[0]} computes in this format faster"}


def choose_xla(spec: Spec, devices: int = 1) -> dict[str, Any]:
    """Return whether XLA compiles the training step as a rule, and why; `auto` is measured where that can pay."""
    asked, name = spec.train.xla, backend()
    if name == "torch":
        why = "the torch backend has no XLA" if asked != "off" else "the spec says so"
        return {"asked": asked, "used": False, "why": why}
    if devices > 1 and name == "tensorflow":
        return {"asked": asked, "used": False, "why": "TensorFlow does not compile steps of several devices with XLA"}
    if asked != "auto":
        return {"asked": asked, "used": asked == "on", "why": "the spec says so"}
    if name == "jax":
        return {"asked": asked, "used": True, "why": "JAX computes through XLA"}
    if gpus():
        return {"asked": asked, "used": True, "why": "TensorFlow on a GPU gains by it as a rule"}
    return {"asked": asked, "used": False, "why": "TensorFlow on a CPU loses by it (measured 0.5 to 0.6 of the speed)"}


def _has_bfloat16() -> bool:
    """Return whether the first GPU computes bfloat16 in hardware (NVIDIA's compute capability 8.0 and later)."""
    if backend() == "torch":
        import torch

        return bool(torch.cuda.is_bf16_supported())
    if backend() == "jax":
        import jax

        capability = getattr(jax.devices()[0], "compute_capability", "8.0")
        return float(capability) >= 8.0
    import tensorflow as tf

    details = tf.config.experimental.get_device_details(tf.config.list_physical_devices("GPU")[0])
    return bool(details.get("compute_capability", (8, 0)) >= (8, 0))
