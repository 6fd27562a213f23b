"""Starts what deploy/compose.yaml starts, with its own commands, as plain processes, and ends it again.

What a container engine would provide is put in place: folders for volumes, loopback for the network,
ports of the system's choice. PROGRAMS is the folder of the built programs.
"""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile

import yaml

COMPOSE = pathlib.Path("deploy/compose.yaml")
ORDER = ["features", "models", "risk", "gateway"]
LIMIT = 60


class Stage:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.programs = pathlib.Path(os.environ["PROGRAMS"]).resolve()
        self.services = yaml.safe_load(COMPOSE.read_text())["services"]
        self.environment = os.environ | {"PATH": f"{self.programs}:{os.environ['PATH']}"}
        self.processes = {}
        # What a name or path inside the containers is here.
        self.here = {"/setup": f"{self.folder}/setup", "/usr/share/assay/deploy": "deploy"}

    def local(self, text):
        for there, here in self.here.items():
            text = text.replace(there, here)
        return text

    def run_setup(self):
        (self.folder / "setup").mkdir()
        script = self.local(self.services["setup"]["command"][-1])
        subprocess.run(["bash", "-euc", script], check=True, timeout=LIMIT, env=self.environment)

    def start(self, name):
        data = self.folder / "data" / name
        data.mkdir(parents=True)
        service = self.services[name]
        self.here["/var/lib/assay/data"] = str(data)
        self.mount_files(service)
        command = [self.local(word) for word in service["command"]]
        for index, word in enumerate(command):
            option = word.partition("=")[0]
            if option in ("--listen", "--admin"):
                command[index] = f"{option}=127.0.0.1:0"
        log = open(self.folder / f"{name}.log", "w")
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True, env=self.environment
        )
        self.processes[name] = process
        line = process.stdout.readline().split()
        if line[:2] != ["ready", name]:
            raise SystemExit(f"{name} did not start: {line}\n{(self.folder / f'{name}.log').read_text()}")
        ports = dict(word.split("=") for word in line[2:])
        for word in service["command"]:
            if word.startswith("--listen="):
                port = word.rpartition(":")[2]
                self.here[f"assay-{name}:{port}"] = f"127.0.0.1:{ports['rpc']}"
        self.check_health(name, service, ports["admin"])

    def mount_files(self, service):
        """Files that compose mounts, with the names in them made local."""
        for volume in service["volumes"]:
            source, target, *_ = volume.split(":")
            if source.startswith("."):
                copy = self.folder / pathlib.Path(target).name
                copy.write_text(self.local((COMPOSE.parent / source).read_text()))
                self.here[target] = str(copy)

    def check_health(self, name, service, port):
        admin = next(word for word in service["command"] if word.startswith("--admin="))
        test = service["healthcheck"]["test"][1:]
        test[-1] = test[-1].replace(admin.rpartition(":")[2], port)
        subprocess.run(test, check=True, timeout=LIMIT)
        print(f"{name}: ready and healthy")

    def stop(self):
        for name in reversed(list(self.processes)):
            process = self.processes[name]
            process.send_signal(signal.SIGTERM)
            if process.wait(timeout=LIMIT) != 0:
                raise SystemExit(f"{name} ended with {process.returncode}")
            print(f"{name}: ended")

    def kill(self):
        for process in self.processes.values():
            if process.poll() is None:
                process.kill()
                process.wait()


def main():
    # Whatever hangs, ends.
    signal.alarm(5 * LIMIT)
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(folder)
        try:
            stage.run_setup()
            for name in ORDER:
                stage.start(name)
            stage.stop()
        finally:
            stage.kill()


sys.exit(main())
