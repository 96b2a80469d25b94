"""What a model for raw rows says of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from hpopt.inputs.kind import Kind, RawRows, count_rows, take_rows
from hpopt.training.rows import LARGE_BATCH


def predict_raw(model: Any, features: Kind, rows: RawRows) -> np.ndarray:
    """What a `raw_model` of these features says of raw rows, [n, units].

    In batches without `model.predict`, which takes minutes where there are thousands of columns.
    """
    starts = range(0, max(1, count_rows(rows)), LARGE_BATCH)
    batches = (take_rows(rows, slice(start, start + LARGE_BATCH)) for start in starts)
    outputs = [model(features.feed(batch), training=False) for batch in batches]
    return np.concatenate([np.asarray(each) for each in outputs])


def warm_function(
    model: Any, features: Kind, like: RawRows
) -> Callable[[list[RawRows]], list[np.ndarray]]:
    """What `predict_raw` says of each of several raw rows, from one call of one graph.

    The graph is traced here, for rows `like` these. Within it the rows of each are by themselves:
    products of other sizes round otherwise. Graphs are not rewritten after this call, in the
    whole process, for a rewritten one rounds otherwise too. Raises whatever a layer raises that no
    graph can take.
    """
    import tensorflow as tf

    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    fed = features.feed(like)
    specs = tf.nest.map_structure(
        lambda a: tf.TensorSpec([None, *a.shape[1:]], tf.convert_to_tensor(a).dtype), fed
    )

    def say(rows: Any, ends: Any) -> Any:
        units = model.output_shape[1:]
        count = tf.shape(ends)[0]
        said = tf.TensorArray(
            model.outputs[0].dtype, count, infer_shape=False, element_shape=[None, *units]
        )

        def step(number: Any, start: Any, said: Any) -> Any:
            end = ends[number]
            piece = tf.nest.map_structure(lambda values: values[start:end], rows)
            return number + 1, end, said.write(number, model(piece, training=False))

        state = (tf.constant(0), tf.constant(0), said)
        _, _, said = tf.while_loop(
            lambda number, start, said: number < count, step, state, parallel_iterations=1
        )
        return said.concat()

    graph = tf.function(say, input_signature=[specs, tf.TensorSpec([None], tf.int32)])

    def answers(requests: list[RawRows]) -> list[np.ndarray]:
        counts = [count_rows(rows) for rows in requests]
        ends, lasts, done = [], [], 0
        for count in counts:
            ends += [done + start for start in range(LARGE_BATCH, count, LARGE_BATCH)]
            done += count
            ends.append(done)
            lasts.append(done)
        fed = [features.feed(rows) for rows in requests]
        joined = tf.nest.map_structure(lambda *values: tf.concat(values, 0), *fed)
        outputs = graph(joined, tf.constant(ends, tf.int32)).numpy()
        return np.split(outputs, lasts[:-1])

    return answers
