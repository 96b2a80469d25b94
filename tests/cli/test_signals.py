import os
import signal

import pytest

from hpopt.cli.searching import searching
from hpopt.cli.signals import GRACE_S, stop_on_signals


def test_under_nohup_a_terminal_that_is_closed_ends_nothing():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_on_signals() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not stop.is_set()
    finally:
        signal.signal(signal.SIGHUP, before)


def test_the_first_ctrl_c_ends_a_search_that_has_not_begun():
    with pytest.raises(KeyboardInterrupt), searching(False, True) as (_, stop):
        os.kill(os.getpid(), signal.SIGINT)
    with searching(False, True) as (observer, stop):
        observer.begin(None, None)
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.is_set()


def test_asking_to_end_again_gives_no_more_time():
    with stop_on_signals() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.is_set()
        signal.setitimer(signal.ITIMER_REAL, GRACE_S / 2)
        os.kill(os.getpid(), signal.SIGTERM)
        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= GRACE_S / 2
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_what_slurm_sends_before_the_time_is_over_is_as_ctrl_c_once():
    with stop_on_signals() as stop:
        os.kill(os.getpid(), signal.SIGUSR1)
        assert stop.is_set()
        os.kill(os.getpid(), signal.SIGUSR1)  # trials that run may still end
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
