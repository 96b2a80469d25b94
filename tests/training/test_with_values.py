from hpopt.training.settings import EarlyStopping, Training

TRAINING = Training(epochs=7, early_stopping=EarlyStopping(patience=4, min_delta=0.5))


def test_values_are_laid_over_by_name():
    settings = TRAINING.with_values({"epochs": 3, "num_layers": 2, "head.units": 5})
    assert settings == TRAINING.model_copy(update={"epochs": 3})
    assert settings.early_stopping is TRAINING.early_stopping


def test_a_part_leaves_the_rest_of_its_section():
    settings = TRAINING.with_values({"early_stopping.patience": 2})
    assert settings.early_stopping == EarlyStopping(patience=2, min_delta=0.5)
    assert TRAINING.early_stopping.patience == 4


def test_a_part_of_a_section_that_is_not_there_makes_it():
    settings = Training().with_values({"early_stopping.monitor": "loss"})
    assert settings.early_stopping == EarlyStopping(monitor="loss")
