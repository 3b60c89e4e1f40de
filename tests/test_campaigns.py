"""The campaigns of trust with few rounds; `python tests/campaigns.py` runs them whole.

Those that start many processes or threads are marked as slow: `python -m pytest -m slow` runs them.
"""

import sys

import campaign_calls
import campaigns
import pytest


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is a signal of POSIX")
def test_a_killed_training_goes_on_to_the_same_bits(tmp_path):
    assert campaigns.kill_training(2, 1, tmp_path)["kills"] == 2


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is a signal of POSIX")
def test_killed_stores_end_with_the_same_bytes(tmp_path):
    assert campaigns.kill_saving(8, 1, tmp_path)["kills"] == 8


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT cannot be sent to one process there")
def test_interrupted_work_is_kept_and_goes_on(tmp_path):
    found = campaigns.interrupt(19, 1, tmp_path, figure="fig2")  # one of them of a reproduction
    assert found["interrupts"] == 19
    assert sum(value for name, value in found.items() if name.endswith(("raised", "interrupted"))) >= 2


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
def test_damaged_networks_are_refused(tmp_path):
    found = campaigns.fuzz_networks(400, 1, tmp_path)
    assert found["ValueError"] > 200


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
def test_networks_damaged_inside_a_sound_archive_are_refused(tmp_path):
    found = campaigns.fuzz_network_members(400, 1, tmp_path)
    assert found["ValueError"] > 200


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
@pytest.mark.parametrize(
    "campaign",
    [
        campaigns.fuzz_mdf,
        campaigns.fuzz_stores,
        campaigns.fuzz_members_of_mdf,
        campaigns.fuzz_patches_of_mdf,
        campaigns.fuzz_members_of_hdf5,
        campaigns.fuzz_members_of_zarr,
    ],
)
def test_other_damaged_files_are_refused(tmp_path, campaign):
    found = campaign(60, 1, tmp_path)
    assert found["files"] >= 40
    assert found["files"] - found.get("read", 0) >= 6


@pytest.mark.slow
@pytest.mark.parametrize("layer", ["default", "workqueue"])
def test_every_public_function_from_eight_threads(run_python, layer):
    # In a process of its own: Numba's workqueue aborts it on concurrent parallel calls.
    code = "import campaign_calls, numba; print(campaign_calls.crowd(1)['calls'], numba.threading_layer())"
    done = run_python("-c", code, NUMBA_THREADING_LAYER=layer, NUMBA_NUM_THREADS="2")
    assert done.returncode == 0, done.stderr
    calls, used = done.stdout.split()
    assert int(calls) == 8 * len(campaign_calls.public_calls())
    assert layer in ("default", used)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
def test_small_calls_leak_nothing():
    assert campaigns.leak(400)["calls"] == 400
