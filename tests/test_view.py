"""How networks and histories are shown."""

import re

import mpifast
from mpifast.networks.history import Epoch, History


def text(html):
    """The cells of a table."""
    return [re.sub("<.*?>", "", cell) for cell in re.findall("<t[dh]>(.*?)</t[dh]>", html)]


def test_a_network_is_short_and_says_what_is_unusual(small_system):
    assert repr(mpifast.Network(200, 129)) == "Network(200 -> 129, sigmoid, scaling='harmonic', 0 epochs trained)"
    net = mpifast.Network(
        hidden=(9, 5), activation=("sigmoid", "sigmoid", "linear"), bias=True, dtype="float64", system=small_system
    )
    assert repr(net) == (
        "Network(14 -> 9 -> 5 -> 11, sigmoid/sigmoid/linear, scaling='harmonic', bias, float64, 0 epochs trained)"
    )
    cells = text(net._repr_html_())
    facts = dict(zip(cells[::2], cells[1::2], strict=True))
    assert facts["units"] == "14 → 9 → 5 → 11"
    assert facts["weights"] == f"{15 * 9 + 10 * 5 + 6 * 11:,}"
    assert facts["scaling"] == "harmonic (not measured yet)"
    assert facts["system"] == small_system.fingerprint
    net.fit(*mpifast.Spectra(small_system, dtype="float64")[:20], epochs=2)
    assert "<td>2</td>" in net._repr_html_()
    assert "not measured" not in net._repr_html_()


def test_a_table_is_escaped():
    state = mpifast.Network(2, 2).state.but(system="<script>&")
    html = mpifast.Network.from_state(state)._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;&amp;" in html
    assert "&lt;b&gt;" in History(stopped="<b>")._repr_html_()


def test_a_history_is_short():
    assert repr(History()) == "History(0 epochs, completed)"
    records = tuple(Epoch(1 / (1 + n), abs(n - 47) + 0.5, 0.5, 0.25) for n in range(100))
    history = History(records, "patience")
    assert repr(history) == "History(100 epochs, patience, train_mse=0.01, validation_mse=52.5, best_epoch=47)"
    assert repr(History(records[:1])) == "History(1 epochs, completed, train_mse=1, validation_mse=47.5, best_epoch=0)"
    cells = text(history._repr_html_())
    assert cells[:5] == ["epoch", "train_mse", "validation_mse", "learning_rate", "seconds"]
    assert cells[5:10] == ["0", "1", "47.5", "0.5", "0.25"]
    assert cells[5::5] == ["0", "10", "20", "30", "40", "47 (best)", "50", "60", "70", "80", "90", "99"]
    plain = History(tuple(Epoch(1.0, None, 0.5, 0.25) for _ in range(3)))
    assert text(plain._repr_html_())[5:10] == ["0", "1", "", "0.5", "0.25"]
    assert text(History()._repr_html_()) == cells[:5]
