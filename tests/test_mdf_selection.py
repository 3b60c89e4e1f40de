"""Selections: the reason of every row, the signal-to-noise ratio recomputed, and the same rows again from JSON."""

import json

import numpy as np
import pytest
from measured_files import DIVIDERS, POINTS, write_matrix

import mpifast
from mpifast.io.mdf import frames
from mpifast.io.mdf.preparation.selected import REASONS, Selection
from mpifast.io.mdf.preparation.snr import computed_snr

BINS, VOXELS, EMPTY = POINTS // 2 + 1, 30, 6


@pytest.fixture(scope="module")
def data():
    random = np.random.default_rng(4)
    strength = np.where(np.arange(BINS) % 3 == 1, 40.0, 0.5)
    shape = (VOXELS + EMPTY, 1, 2, BINS)
    found = 0.1 * (random.normal(size=shape) + 1j * random.normal(size=shape)) + 2.0 - 1.0j
    found[:VOXELS] += strength * random.normal(size=(VOXELS, 1, 2, BINS)) ** 3
    return found


@pytest.fixture
def path(data, tmp_path):
    snr = np.where(np.arange(BINS) % 2, 9.0, 1.0) * np.ones((1, 2, 1))
    return write_matrix(tmp_path / "system.mdf", data, (5, 3, 2), EMPTY, calibration__snr=snr)


@pytest.fixture
def file(path):
    with mpifast.read_mdf(path) as opened:
        yield opened


def numbers(selection, channel=0):
    return selection.rows["number"][selection.rows["channel"] == channel].tolist()


# ----- reasons


def test_everything_by_default(file):
    selection = file.select()
    assert len(selection) == 2 * BINS
    assert np.array_equal(selection.rows, file.system().rows)
    assert file.system().selection.settings == {}


def test_each_reason(file):
    every = {"snr": 2.0, "band": (250e3, 1000e3), "channels": [1], "stop": [(450e3, 550e3)], "mixing_order": 2}
    selection = file.select(**every)
    assert numbers(selection, 0) == []
    # Drive fields of 300 and 200 kHz: sums of up to two are 0, 1, 2, 3, 4, 5 and 6; even numbers have a low SNR.
    assert numbers(selection, 1) == [3]
    reasons = selection.reasons[0, 1].tolist()
    assert reasons == [
        *["below the band"] * 3,
        "",
        "SNR",
        "stop band",
        "SNR",
        *["mixing order"] * 4,
        *["above the band"] * 2,
    ]
    assert set(selection.reasons[0, 0].tolist()) == {"channel"}
    system = file.system(**every)
    assert np.array_equal(system.rows, selection.rows)
    text = (
        "1 of 26 rows selected (channels=[1], band=[250000.0, 1000000.0], stop=[[450000.0, 550000.0]], mixing_order=2"
    )
    assert str(selection).startswith(text)
    assert "channel 1: 1 selected, 3 below the band, 2 above the band, 1 stop band, 4 mixing order, 2 SNR" in str(
        selection
    )
    assert repr(selection) == "Selection(1 of 26 rows)"


@pytest.mark.parametrize("order", range(6))
def test_mixing_orders_are_sums_of_the_drive_frequencies(file, order):
    drive = [POINTS // divider for divider in DIVIDERS]
    everything = range(-order, order + 1)
    sums = {p * drive[0] + q * drive[1] for p in everything for q in everything if abs(p) + abs(q) <= order}
    assert numbers(file.select(mixing_order=order)) == sorted(sums & set(range(BINS)))


def test_rows_of_no_use(data, tmp_path):
    data = data.copy()
    data[:VOXELS, 0, 0, 4] = 0.0
    data[0, 0, 1, 6] = np.inf
    with mpifast.read_mdf(write_matrix(tmp_path / "system.mdf", data, (5, 3, 2), EMPTY)) as file:
        selection = file.select(defects=True)
    assert (str(selection.reasons[0, 0, 4]), str(selection.reasons[0, 1, 6])) == ("zero", "not finite")
    assert len(selection) == 24


# ----- again


def test_the_same_rows_from_json(file, path, tmp_path, data):
    selection = file.select(snr=2.0, band=(250e3, None), stop=[(450e3, 550e3)])
    again = Selection.from_dict(json.loads(json.dumps(selection.to_dict())))
    assert np.array_equal(again.codes, selection.codes)
    assert again.settings == selection.settings
    assert str(again) == str(selection)
    system = file.system(selection=again)
    assert np.array_equal(system.real, file.system(snr=2.0, band=(250e3, None), stop=[(450e3, 550e3)]).real)
    assert system.selection is again
    # By number, in a file that stores some of the frequencies in another order.
    kept = np.array([11, 3, 9, 7, 5, 0])
    fewer = {"measurement__isFrequencySelection": np.int8(1), "measurement__frequencySelection": kept + 1}
    with mpifast.read_mdf(write_matrix(tmp_path / "few.mdf", data[..., kept], (5, 3, 2), EMPTY, **fewer)) as other:
        with pytest.raises(ValueError, match=r"does not fit few\.mdf: it has no frequency number 4"):
            other.system(selection=file.select(band=(250e3, None)))
        found = other.system(selection=file.select(snr=2.0, band=(250e3, 1000e3), stop=[(450e3, 550e3)]))
    order = np.lexsort((found.rows["number"], found.rows["channel"]))
    expected = file.system(snr=2.0, band=(250e3, 1000e3), stop=[(450e3, 550e3)])
    assert np.array_equal(found.matrix[order], expected.matrix)


def test_a_selection_of_another_file_is_refused(file, tmp_path, data):
    selection = file.select(snr=2.0)
    path = write_matrix(tmp_path / "one.mdf", data[:, :, :1], (5, 3, 2), EMPTY)
    refused = pytest.raises(ValueError, match=r"does not fit one\.mdf: it is of 1 periods, 2 channels")
    with mpifast.read_mdf(path) as other, refused:
        other.system(selection=selection)
    with pytest.raises(ValueError, match=r"a selection is given, and snr=3\.0"):
        file.system(3.0, selection=selection)
    with pytest.raises(TypeError, match="selection must be"):
        file.system(selection=[1, 2])


@pytest.mark.parametrize(
    "change",
    [
        {"periods": 2},
        {"periods": 2**70},
        {"channels": "two"},
        {"spacing": -1.0},
        {"numbers": []},
        {"numbers": [[0, 2**40]]},
        {"numbers": [[0, 7], [0, 6]]},
        {"numbers": 3},
        {"reasons": [["", 25]]},
        {"reasons": [["unknown", 26]]},
        {"reasons": [["", -26]]},
        {"reasons": [[]]},
        {"settings": None},
        {"more": 1},
    ],
)
def test_damaged_selections_are_refused(file, change):
    with pytest.raises((TypeError, ValueError)):
        Selection.from_dict(file.select().to_dict() | change)


def test_arguments(file):
    cases = [
        ({"snr": -1.0}, "snr=-1.0 is out of range"),
        ({"band": (1.0,)}, "give the lowest and the highest"),
        ({"channels": [2]}, "channels=2 is out of range"),
        ({"mixing_order": 65}, "mixing_order=65 is out of range"),
        ({"stop": [(2.0, 1.0)]}, "give the lower frequency first"),
        ({"snr_source": "guess"}, "snr_source='guess' is unknown"),
        ({"transfer_function": "divide"}, "has no /acquisition/receiver/transferFunction"),
        ({"induction_factor": "divide"}, "has no /acquisition/receiver/inductionFactor"),
    ]
    for options, message in cases:
        with pytest.raises(ValueError, match=message):
            file.select(**options)
        with pytest.raises(ValueError, match=message):
            file.system(**options)
    with pytest.raises(ValueError, match=r"snr=99\.0, band=None, channels=None leave no frequency of system\.mdf"):
        file.system(99.0)
    assert len(REASONS) == len(set(REASONS))


def test_mixing_orders_need_drive_frequencies(data, tmp_path):
    for changes in (
        {"acquisition__drivefield__divider": np.array([[7], [12]])},
        {"acquisition__drivefield__strength": np.zeros((1, 2, 1))},
        {"acquisition__drivefield__divider": np.array([[-8], [12]])},
        {"acquisition__drivefield__baseFrequency": np.nan},
    ):
        path = write_matrix(tmp_path / "system.mdf", data, (5, 3, 2), EMPTY, **changes)
        refused = pytest.raises(ValueError, match=r"mixing_order needs one to three|do not fit each other")
        with mpifast.read_mdf(path) as file, refused:
            file.select(mixing_order=3)


# ----- the signal-to-noise ratio


def snr_by_hand(data):
    """calculateSystemMatrixSNRInner of MPIFiles.jl, line by line."""
    periods, channels, count = data.shape[1:]
    result = np.empty((periods, channels, count))
    for j in range(periods):
        for r in range(channels):
            image, empty = data[:VOXELS, j, r], data[VOXELS:, j, r]
            mean = empty.mean(axis=0)
            noise = np.abs(empty - mean).mean(axis=0)
            first = np.median(np.abs(image - mean), axis=0) / noise
            mask = np.zeros(VOXELS, bool)
            for k in np.argsort(-first, kind="stable")[:20]:
                mask[np.abs(image[:, k]) > 0.9 * np.abs(image[:, k]).max()] = True
            for k in range(count):
                size = np.abs(image[:, k] - mean[k])
                signal = np.median(size[mask])
                if signal > 3.5 * noise[k]:
                    signal = np.median(size[size > 0.9 * size.max()])
                result[j, r, k] = signal / noise[k]
    return np.broadcast_to(np.median(result, axis=0), result.shape)


@pytest.mark.parametrize("fast", [True, False])
def test_computed_as_mpifiles_does(data, tmp_path, monkeypatch, fast):
    monkeypatch.setattr(frames, "ROWS", 4 * len(data))
    many = np.concatenate([data, data[:, :, ::-1] + 0.3, data[..., ::-1]], axis=1)
    many = np.concatenate([many, many[..., ::-1] * 1.5], axis=-1)[..., :25]  # more than twenty rows
    changes = {"acquisition__receiver__numSamplingPoints": np.int64(48)}
    path = write_matrix(tmp_path / "system.mdf", many, (5, 3, 2), EMPTY, fast, **changes)
    with mpifast.read_mdf(path) as file:
        found = computed_snr(file)
        np.testing.assert_allclose(found, snr_by_hand(many), rtol=1e-12)
        level = float(np.median(found))
        assert np.array_equal(file.select(level).mask, found >= level)  # the file has none
        assert file.select(level).settings["snr_source"] == "auto"
    assert found.max() > 50 * found.min()


def test_stored_or_computed(file):
    stored, computed = file.select(5.0), file.select(5.0, snr_source="compute")
    assert numbers(stored) == [1, 3, 5, 7, 9, 11]
    assert set(numbers(computed)) >= {1, 4, 7, 10}
    assert len(numbers(computed)) < 7
    assert (stored.settings["snr_source"], computed.settings["snr_source"]) == ("file", "compute")


def test_no_ratio_without_background(data, tmp_path):
    data = data.copy()
    data[:, 0, 0, 2] = 0.0
    path = write_matrix(tmp_path / "system.mdf", data, (5, 3, 2), EMPTY)
    with mpifast.read_mdf(path) as file:
        assert file.select(1.0, snr_source="compute").reasons[0, 0, 2] == "SNR"
        with pytest.raises(ValueError, match=r"has no /calibration/snr: .*or snr_source='compute'"):
            file.select(1.0, snr_source="file")
    for empty, frames_, size in ((0, VOXELS, (5, 3, 2)), (1, VOXELS + 1, (5, 3, 2))):
        path = write_matrix(tmp_path / "system.mdf", data[:frames_], size, empty)
        refused = pytest.raises(ValueError, match=f"has {empty} background frames .* needs two: leave out snr")
        with mpifast.read_mdf(path) as file, refused:
            file.select(1.0)
