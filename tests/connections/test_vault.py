"""Where the key of stored connections comes from, and when it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowlang.connections.vault import KeyFileError, Vault, new_key

PROJECT_ID = "0" * 32


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """A vault with a key in a file."""
    made = Vault(tmp_path / "project", PROJECT_ID, {"XDG_CONFIG_HOME": str(tmp_path / "config")})
    made.add_key()
    return made


def again(vault: Vault, tmp_path: Path) -> Vault:
    return Vault(tmp_path / "project", PROJECT_ID, {"XDG_CONFIG_HOME": str(tmp_path / "config")})


def test_what_is_encrypted_can_be_decrypted_by_whoever_has_the_key(vault: Vault, tmp_path: Path) -> None:
    assert again(vault, tmp_path).decrypt(vault.encrypt(b"canary")) == b"canary"


def test_another_key_decrypts_nothing(vault: Vault, tmp_path: Path) -> None:
    other = Vault(tmp_path, PROJECT_ID, {"FLOWLANG_KEY": new_key()})
    assert other.decrypt(vault.encrypt(b"canary")) is None


def test_the_environment_goes_before_the_file(vault: Vault, tmp_path: Path) -> None:
    key = new_key()
    env = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "FLOWLANG_KEY": key}
    assert Vault(tmp_path / "project", PROJECT_ID, env).keys == (key,)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_file_that_others_can_read_is_refused(vault: Vault, tmp_path: Path, mode: int) -> None:
    vault.path.chmod(mode)
    with pytest.raises(KeyFileError, match="others") as caught:
        _ = again(vault, tmp_path).keys
    assert f"chmod 600 {vault.path}" in (caught.value.hint or "")


def test_a_folder_of_keys_that_others_can_enter_is_refused(vault: Vault, tmp_path: Path) -> None:
    vault.path.parent.chmod(0o755)
    with pytest.raises(KeyFileError, match="others"):
        _ = again(vault, tmp_path).keys


def test_a_key_is_never_written_into_the_project(tmp_path: Path) -> None:
    inside = Vault(tmp_path, PROJECT_ID, {"XDG_CONFIG_HOME": str(tmp_path / ".config")})
    with pytest.raises(KeyFileError, match="in the project"):
        inside.add_key()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["canary", "canary-" * 10, "ä" * 44, "A" * 43])
def test_what_is_no_key_is_refused_without_being_shown(tmp_path: Path, text: str) -> None:
    vault = Vault(tmp_path, PROJECT_ID, {"FLOWLANG_KEY": f"{new_key()},{text}"})
    with pytest.raises(KeyFileError, match="key 2 in FLOWLANG_KEY") as caught:
        _ = vault.keys
    assert text not in str(caught.value) + (caught.value.hint or "")


def test_a_damaged_key_file_is_refused_without_being_shown(vault: Vault, tmp_path: Path) -> None:
    vault.path.write_bytes(b"canary \xff\xfe")
    with pytest.raises(KeyFileError) as caught:
        _ = again(vault, tmp_path).keys
    assert "canary" not in str(caught.value)


def test_cryptography_is_not_loaded_before_something_is_encrypted() -> None:
    import subprocess
    import sys

    code = (
        "import sys, pathlib\n"
        "from flowlang.connections.store import Store\n"
        "assert Store(pathlib.Path('.')).names() == []\n"
        "sys.exit('cryptography' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
