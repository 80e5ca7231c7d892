"""JupyterLab of our own, on a free port: a notebook that opens the editor, and its kernel to ask."""

import ast
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from jupyter_client import BlockingKernelClient

import segregation_tools as sgt
from tests.browser.chromium import OFFLINE, show_address, until

NEWS = "config/lab/user-settings/@jupyterlab/apputils-extension"
OPTIONS = (
    "--no-browser",
    "--allow-root",
    "--ip=127.0.0.1",
    "--IdentityProvider.token=",
    "--ServerApp.password=",
    "--ServerApp.disable_check_xsrf=True",
    "--LabApp.expose_app_in_browser=True",
    "--LabApp.news_url=None",
    "--LabApp.extension_manager=readonly",
)
PLACES = {
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTERLAB_SETTINGS_DIR": "config/lab/user-settings",
    "JUPYTERLAB_WORKSPACES_DIR": "config/lab/workspaces",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "JUPYTER_DATA_DIR": "data",
    "IPYTHONDIR": "ipython",
}
READY = "return !!window.jupyterapp && document.querySelectorAll('.jp-Notebook .jp-CodeCell').length"
CONNECTED = """
const [notebook] = window.jupyterapp?.shell?.widgets('main') ?? [];
window.jupyterapp.shell.activateById(notebook?.id);
return notebook?.sessionContext?.session?.kernel?.connectionStatus === 'connected'"""
RUN = "const done = arguments[0]; jupyterapp.commands.execute('notebook:run-all-cells').then(() => done(1), done)"
OPENED = "return !!document.querySelector('.sgt-editor[data-turn]')"


class Lab:
    """A server, until it is stopped."""

    def __init__(self, folder):
        self.folder, self.client, self.name = folder, None, None
        self.work = folder / "work"
        for path in (self.work, folder / NEWS, folder / "runtime"):
            path.mkdir(parents=True)
        (folder / NEWS / "notification.jupyterlab-settings").write_text(
            '{"fetchNews": "false", "checkForUpdates": false}'
        )
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        options = [*OPTIONS, f"--port={self.port}", f"--ServerApp.root_dir={self.work}"]
        self.log = (folder / "log.txt").open("w")
        self.server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            env=os.environ
            | {name: str(folder / place) for name, place in PLACES.items()}
            | {"PYTHONPATH": str(Path(sgt.__file__).parents[1])},  # the kernel imports what is tested
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        if not until(self._answers, 90):
            self.stop()
            raise AssertionError((folder / "log.txt").read_text())

    def _ask(self, path, method="GET"):
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path)
            return connection.getresponse().read()
        finally:
            connection.close()

    def _answers(self):
        with contextlib.suppress(OSError):
            return bool(self._ask("/api/status"))
        return False

    def _sessions(self):
        return json.loads(self._ask("/api/sessions"))

    def _kernel(self):
        return next(
            (one["kernel"]["id"] for one in self._sessions() if one["path"] == self.name and one["kernel"]), None
        )

    def open(self, browser, *cells, **look):
        """Open a notebook with these cells, run them, and wait for the editor."""
        self.close()
        self.name = f"n{time.monotonic_ns()}.ipynb"
        empty = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        notebook = {
            "cells": [empty | {"id": f"c{i}", "source": cell} for i, cell in enumerate(cells)],
            "metadata": kernel,
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        (self.work / self.name).write_text(json.dumps(notebook))
        show_address(browser, f"http://127.0.0.1:{self.port}/doc/tree/{self.name}?reset", **look)
        assert until(lambda: browser.execute_script(READY) == len(cells), 60)
        assert until(lambda: browser.execute_script(CONNECTED), 60)
        browser.set_script_timeout(90)
        assert browser.execute_async_script(RUN) == 1
        text = "return document.querySelector('.jp-Notebook').textContent"
        assert until(lambda: browser.execute_script(OPENED), 60), browser.execute_script(text)
        connection = self.folder / "runtime" / f"kernel-{self._kernel()}.json"
        self.client = BlockingKernelClient(connection_file=str(connection))
        self.client.load_connection_file()
        self.client.start_channels()

    def python(self, expression):
        """What an expression is in the kernel of the notebook: a literal."""
        content = self.client.execute("", user_expressions={"it": expression}, reply=True, timeout=60)["content"]
        found = content["user_expressions"]["it"]
        assert found["status"] == "ok", found
        return ast.literal_eval(found["data"]["text/plain"])

    def close(self):
        """End the kernel of the notebook."""
        if self.client is not None:
            self.client.stop_channels()
            for one in self._sessions():
                self._ask(f"/api/sessions/{one['id']}", "DELETE")
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
    parts = [(one, urlsplit(one)) for one in addresses]
    return [one for one, part in parts if part.scheme not in OFFLINE and part.hostname != "127.0.0.1"]
