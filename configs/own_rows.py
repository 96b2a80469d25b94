"""Rows of one's own: a function gives (rows, target). It is what digits_conv.yaml takes them from."""


def digits():
    """scikit-learn's 1,797 digits as images [n, 8, 8, 1], and what they show."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return bunch.images[..., None], bunch.target
