"""The optimisers that a fit can use: a name in the YAML, and Keras' class for it."""

from __future__ import annotations

OPTIMIZERS: dict[str, str] = {
    "adam": "Adam",
    "sgd": "SGD",
    "rmsprop": "RMSprop",
    "adamw": "AdamW",
    "adagrad": "Adagrad",
    "adadelta": "Adadelta",
    "adamax": "Adamax",
    "nadam": "Nadam",
    "ftrl": "Ftrl",
    "lion": "Lion",
    "adafactor": "Adafactor",
    "lamb": "Lamb",
    "muon": "Muon",
}

WITH_MOMENTUM = ("sgd", "rmsprop")
WITH_BETA_2 = ("adam", "adamw", "adamax", "nadam", "lion", "lamb")
