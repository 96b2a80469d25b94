"""The pictures by name; a picture is one file, and a line here."""

from __future__ import annotations

# Where the function of each stands, which makes a figure of a `History`.
PICTURES: dict[str, str] = {
    "convergence": "hpopt.plots.convergence:draw_convergence",
    "importance": "hpopt.plots.importance:draw_importance",
    "partial_dependence": "hpopt.plots.partial_dependence:draw_partial_dependence",
    "pairs": "hpopt.plots.pairs:draw_pairs",
    "evaluations": "hpopt.plots.evaluations:draw_evaluations",
    "parallel_coordinates": "hpopt.plots.parallel_coordinates:draw_parallel_coordinates",
    "learning_curves": "hpopt.plots.learning_curves:draw_learning_curves",
    "feature_importance": "hpopt.plots.feature_importance:draw_feature_importance",
    "calibration": "hpopt.plots.calibration:draw_calibration",
    "precision_recall": "hpopt.plots.precision_recall:draw_precision_recall",
    "confusion": "hpopt.plots.confusion:draw_confusion",
    "mistakes": "hpopt.plots.mistakes:draw_mistakes",
    "forecast": "hpopt.plots.forecast:draw_forecast",
    "steps_ahead": "hpopt.plots.steps_ahead:draw_steps_ahead",
}
