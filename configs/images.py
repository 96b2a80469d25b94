"""What `images.yaml` reads: pictures as an array of uint8, and what each shows."""

import numpy as np
from sklearn.datasets import load_digits


def digits():
    """scikit-learn's digits: images [n, height, width, 1] from 0 (black) to 255, and labels [n]."""
    bunch = load_digits()
    return np.uint8(bunch.images[..., None] * 15.9), bunch.target
