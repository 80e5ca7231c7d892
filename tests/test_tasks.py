"""The commands: an environment by whatever way there is, nothing installed twice, real exit codes."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DEBIAN = Path("/usr/bin/python3")


@pytest.fixture
def tasks(tmp_path, monkeypatch):
    """tasks.py with a root of its own, so that it never touches this checkout's environment."""
    spec = importlib.util.spec_from_file_location("tasks_under_test", ROOT / "tasks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    return module


def _refused(venv):
    (venv / "half").mkdir(parents=True)
    raise subprocess.CalledProcessError(1, ["venv"])


def _absent(venv):
    raise FileNotFoundError("uv")


def _usable(python):
    ask = "import sys; assert sys.version_info >= (3, 11)"
    return python.exists() and not subprocess.run([python, "-c", ask], capture_output=True, check=False).returncode


@pytest.mark.network
@pytest.mark.parametrize("python", [Path(sys.executable), DEBIAN], ids=["this", "system"])
def test_the_last_way_is_a_private_virtualenv(tasks, tmp_path, monkeypatch, python):
    """Where uv is absent, venv lacks its other half and the system may not be installed into (PEP 668)."""
    if not _usable(python):
        pytest.skip(f"{python} is not a Python of 3.11 or newer")
    if subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode:
        pytest.skip(f"{python} has no pip")
    monkeypatch.setattr(sys, "executable", str(python))
    venv = tmp_path / ".venv"
    tasks.make_environment(venv, (_absent, _refused, tasks.with_virtualenv))
    assert not (venv / "half").exists()
    inside = subprocess.run(
        [tasks.python(venv), "-c", "import pip, sys; print(sys.prefix != sys.base_prefix)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert inside.stdout.strip() == "True"


def test_the_ways_are_tried_in_order(tasks):
    assert (tasks.with_uv, tasks.with_venv, tasks.with_virtualenv) == tasks.MAKERS


def test_the_standard_library_makes_one(tasks, tmp_path):
    tasks.with_venv(tmp_path / "one")
    assert tasks.python(tmp_path / "one").exists()


def test_if_every_way_fails_the_failure_is_told(tasks, tmp_path):
    with pytest.raises(subprocess.CalledProcessError):
        tasks.make_environment(tmp_path / ".venv", (_absent, _refused))


class Calls(list):
    def __call__(self, command, **options):
        self.append(command)
        return subprocess.CompletedProcess(command, 0)


@pytest.fixture
def calls(tasks, monkeypatch):
    noted = Calls()
    monkeypatch.setattr(tasks.subprocess, "run", noted)
    monkeypatch.setattr(tasks, "make_environment", lambda venv: venv.mkdir(exist_ok=True))
    return noted


def test_nothing_is_installed_twice(tasks, calls, tmp_path):
    tasks.install(["test"])
    assert len(calls) == 1
    assert calls[0][-1] == ".[test]"
    assert "constraints.txt" in calls[0]
    tasks.install(["test"])
    tasks.install([])
    assert len(calls) == 1

    tasks.install(["lint"])  # something more: what was there is kept
    assert calls[1][-1] == ".[lint,test]"
    (tmp_path / "constraints.txt").write_text("numpy==2.4.0\n")
    tasks.install([])
    assert calls[2][-1] == ".[lint,test]"
    assert json.loads((tmp_path / ".venv" / "installed.json").read_text())["extras"] == ["lint", "test"]


def test_a_failed_installation_is_tried_again(tasks, monkeypatch, calls):
    def fail(command, **options):
        raise subprocess.CalledProcessError(3, command)

    monkeypatch.setattr(tasks.subprocess, "run", fail)
    assert tasks.main(["demo"]) == 3
    monkeypatch.setattr(tasks.subprocess, "run", calls)
    tasks.install([])
    assert len(calls) == 1


@pytest.fixture
def here(tasks, monkeypatch):
    """The commands with this process's own Python, in this checkout."""
    monkeypatch.setattr(tasks, "install", lambda extras: None)
    monkeypatch.setattr(tasks, "python", lambda: Path(sys.executable))
    monkeypatch.setattr(tasks, "ROOT", ROOT)
    return tasks


def test_exit_codes_are_real(here, capfd):
    assert here.main(["test", "tests/nowhere.py"]) == 4  # pytest: no such file
    assert here.main(["test", "tests/test_tasks.py", "-k", "no_such_test", "-p", "no:cacheprovider"]) == 5
    assert here.main(["bench", "nowhere"]) == 2
    assert here.main([]) == 2
    assert here.main(["dance"]) == 2
    assert "demo | test | bench | docs | lint | clean" in capfd.readouterr().out


def test_the_first_failing_step_ends_the_command(here, monkeypatch):
    ran = []
    monkeypatch.setattr(
        here.subprocess, "run", lambda command, **_: ran.append(command) or subprocess.CompletedProcess([], 7)
    )
    assert here.main(["lint"]) == 7
    assert len(ran) == 1


def test_interrupting_is_told_apart(here, monkeypatch):
    def interrupt(command, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(here.subprocess, "run", interrupt)
    assert here.main(["demo"]) == 130


def test_clean_takes_what_the_commands_made(tasks, tmp_path):
    for made in (".venv", ".cache", "docs/_build"):
        (tmp_path / made).mkdir(parents=True)
    assert tasks.main(["clean"]) == 0
    assert not any((tmp_path / made).exists() for made in (".venv", ".cache", "docs/_build"))
    assert (tmp_path / "pyproject.toml").exists()
