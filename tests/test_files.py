"""Files that appear whole: their errors name the file that was asked for."""

import errno
import os

import filelock
import pytest

from mpifast._files import locked, replacing


def hidden(error):
    """Whether a message names a file that the user does not know."""
    return ".tmp" in str(error) or ".lock" in str(error)


def test_a_missing_folder_is_named_with_the_file_that_was_asked_for(tmp_path):
    with pytest.raises(FileNotFoundError) as caught, replacing(tmp_path / "none" / "net.npz"):
        pass
    assert caught.value.filename == str(tmp_path / "none" / "net.npz")
    assert not hidden(caught.value)


def test_a_folder_in_the_way_is_named(tmp_path):
    (tmp_path / "net.npz").mkdir()
    with pytest.raises(OSError, match=r"net\.npz") as caught, replacing(tmp_path / "net.npz") as file:
        file.write(b"content")
    assert not hidden(caught.value)
    assert os.listdir(tmp_path) == ["net.npz"]


def test_a_full_disk_is_told_with_the_name_of_the_file(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # as the system says it: without a name

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match=r"net\.npz") as caught, replacing(tmp_path / "net.npz") as file:
        file.write(b"content")
    assert caught.value.errno == errno.ENOSPC
    assert os.listdir(tmp_path) == []


def test_errors_of_other_files_keep_their_names(tmp_path):
    with pytest.raises(FileNotFoundError) as caught, replacing(tmp_path / "net.npz"):
        (tmp_path / "none.h5").read_bytes()
    assert caught.value.filename == str(tmp_path / "none.h5")


def test_a_lock_that_cannot_be_made_is_told_with_the_name_of_the_file(tmp_path, monkeypatch):
    def refused(lock):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(lock.lock_file))

    monkeypatch.setattr(filelock.FileLock, "acquire", refused)
    with pytest.raises(PermissionError) as caught, locked(tmp_path / "data.h5"):
        pass
    assert caught.value.filename == str(tmp_path / "data.h5")
