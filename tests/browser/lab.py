"""JupyterLab of our own, on a free port: a notebook that opens a widget, and its kernel to ask."""

import ast
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from urllib.parse import urlsplit

from jupyter_client import BlockingKernelClient

from tests.browser.chromium import OFFLINE, show_address, until

QUIET = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
}
OPTIONS = ("--no-browser", "--allow-root", "--ip=127.0.0.1", "--IdentityProvider.token=", "--LabApp.expose_app_in_browser=True",
           "--LabApp.news_url=None", "--LabApp.extension_manager=readonly", "--ServerApp.password=")  # fmt: skip


class Lab:
    """A server, until it is stopped.

    A notebook is opened with its cells run; `python` evaluates an expression in its kernel.
    """

    def __init__(self, folder):
        self.folder, self.client = folder, None
        self.work = folder / "work"
        settings = folder / "config" / "lab" / "user-settings"
        for path in (self.work, settings, folder / "runtime"):
            path.mkdir(parents=True)
        for name, values in QUIET.items():
            package, plugin = name.split(":")
            (settings / package).mkdir(parents=True)
            (settings / package / f"{plugin}.jupyterlab-settings").write_text(json.dumps(values))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        places = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTERLAB_SETTINGS_DIR": "config/lab/user-settings",
            "JUPYTERLAB_WORKSPACES_DIR": "config/lab/workspaces",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTER_DATA_DIR": "data",
            "IPYTHONDIR": "ipython",
        }
        command = [sys.executable, "-m", "jupyterlab", *OPTIONS, f"--port={self.port}", f"--ServerApp.root_dir={self.work}"]
        self.log = (folder / "log.txt").open("w")
        self.server = subprocess.Popen(
            command,
            env=os.environ | {name: str(folder / place) for name, place in places.items()},
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        if not until(self._answers, 60):
            self.stop()
            raise AssertionError((folder / "log.txt").read_text())

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    def _get(self, path):
        with urllib.request.urlopen(f"{self.address}{path}", timeout=5) as answer:
            return json.loads(answer.read())

    def _answers(self):
        with contextlib.suppress(OSError):
            return bool(self._get("/api/status"))
        return False

    def open(self, browser, *cells, **look):
        """Open a notebook with these cells, run them, and wait for the editor."""
        name = f"n{time.monotonic_ns()}.ipynb"
        made = [{"cell_type": "code", "id": f"c{i}", "metadata": {}, "outputs": [], "execution_count": None, "source": cell}
                for i, cell in enumerate(cells)]  # fmt: skip
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        (self.work / name).write_text(json.dumps({"cells": made, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))
        show_address(browser, f"{self.address}/doc/tree/{name}?reset", **look)
        ready = "return !!window.jupyterapp && document.querySelectorAll('.jp-Notebook .jp-CodeCell').length"
        assert until(lambda: browser.execute_script(ready) == len(cells), 60)
        assert until(lambda: self._kernel(name), 30)
        run = "const done = arguments[0]; window.jupyterapp.commands.execute('notebook:run-all-cells').then(() => done(1), done)"
        browser.set_script_timeout(90)
        assert browser.execute_async_script(run) == 1
        found = until(lambda: browser.execute_script("return !!document.querySelector('.sgt-editor[data-turn]')"), 60)
        assert found, browser.execute_script("return document.querySelector('.jp-Notebook').textContent")
        self.client = BlockingKernelClient(connection_file=str(self.folder / "runtime" / f"kernel-{self._kernel(name)}.json"))
        self.client.load_connection_file()
        self.client.start_channels()

    def _kernel(self, name):
        return next((one["kernel"]["id"] for one in self._get("/api/sessions") if one["path"] == name and one["kernel"]), None)

    def python(self, expression):
        """What an expression is in the kernel of the notebook, as a literal."""
        content = self.client.execute("", user_expressions={"it": expression}, reply=True, timeout=60)["content"]
        found = content["user_expressions"]["it"]
        assert found["status"] == "ok", found
        return ast.literal_eval(found["data"]["text/plain"])

    def close(self):
        """End the kernel of the notebook."""
        if self.client is not None:
            self.client.stop_channels()
        for one in self._get("/api/sessions"):
            urllib.request.urlopen(
                urllib.request.Request(f"{self.address}/api/sessions/{one['id']}", method="DELETE"), timeout=20
            ).close()
        self.client = None

    def stop(self):
        """End the server with all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.server.pid, signal.SIGTERM)
        try:
            self.server.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self.server.pid, signal.SIGKILL)
            self.server.wait()
        self.log.close()


def outside(addresses):
    """Addresses that are not on this machine."""
    return [one for one in addresses if urlsplit(one).scheme not in OFFLINE and urlsplit(one).hostname != "127.0.0.1"]
