#!/usr/bin/env python3
"""Every interoperability case against every peer: make interop.

    run.py --programs .build/release [--peers grpcio,c++,go,nginx,nghttpx,tools] [--cases NAME,NAME]

Prints a table of cases by peer, direction and transport, and exits with 1 if one failed. A peer whose
tools are not installed is left out, and the end of the output says so.
"""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CASES = """
    empty_unary large_unary client_streaming server_streaming ping_pong empty_stream half_duplex
    custom_metadata large_metadata status_code_and_message special_status_message unimplemented_method
    unimplemented_service cancel_after_begin cancel_after_first_response timeout_on_sleeping_server
    concurrent_large_unary flow_control_pushback health_check health_watch reflection
    server_compressed_unary client_compressed_unary server_compressed_streaming
    client_compressed_streaming rpc_soak channel_soak
""".split()
COMPRESSED = {name for name in CASES if "compressed" in name}
# These need a server that sees which requests came compressed.
JUDGED = {"client_compressed_unary", "client_compressed_streaming"}


class Missing(Exception):
    """A peer cannot be run here."""


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise Missing(f"there is no {program}")


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise Missing(f"{' '.join(map(str, command))[:80]} … failed: {(done.stdout + done.stderr)[-600:]}")
    return done.stdout


class Processes:
    """What this run has started; ends with it."""

    def __init__(self, directory):
        self.directory = directory
        self.started = []

    def start(self, command, port=None):
        """Starts a server; its port, from the line "ready PORT" unless it was told which one to take."""
        log = open(self.directory / f"server-{len(self.started)}.log", "w+")
        process = subprocess.Popen([str(part) for part in command], stdout=log, stderr=log)
        self.started.append(process)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and process.poll() is None:
            if port is not None:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        return port
            for line in Path(log.name).read_text().splitlines():
                if line.startswith("ready "):
                    return int(line.split()[1])
            time.sleep(0.05)
        raise Missing(f"{command[0]} did not start: {Path(log.name).read_text()[-600:]}")

    def stop(self, keeping=0):
        for process in self.started[keeping:]:
            process.send_signal(signal.SIGTERM)
        for process in self.started[keeping:]:
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        del self.started[keeping:]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Certificates:
    """An authority, and a certificate for localhost."""

    def __init__(self, directory):
        need("openssl")
        self.authority, self.certificate, self.key = (directory / name for name in ("ca.pem", "leaf.pem", "leaf.key"))
        authority_key, request, extensions = (directory / name for name in ("ca.key", "leaf.csr", "leaf.ext"))
        new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        run("openssl", "req", "-x509", *new_key, "-keyout", authority_key, "-out", self.authority, "-days", "1",
            "-subj", "/CN=interop authority")
        run("openssl", "req", *new_key, "-keyout", self.key, "-out", request, "-subj", "/CN=localhost")
        extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        run("openssl", "x509", "-req", "-in", request, "-CA", self.authority, "-CAkey", authority_key,
            "-CAcreateserial", "-out", self.certificate, "-days", "1", "-extfile", extensions)


class Peer:
    """A server program and a client program with the flags of gRPC's interop tests."""

    name = ""
    server_lacks = set()
    client_lacks = set()

    def __init__(self, server, client, certificates):
        self.server, self.client, self.certificates = server, client, certificates

    def server_command(self, tls, judges=False):
        command = list(self.server)
        if tls:
            command += ["--use_tls", f"--tls_cert_file={self.certificates.certificate}",
                        f"--tls_key_file={self.certificates.key}"]
        return command

    def client_command(self, port, tls, cases):
        command = [*self.client, f"--server_port={port}", f"--test_case={','.join(cases)}", "--soak_iterations=50"]
        if tls:
            command += ["--use_tls", f"--ca_file={self.certificates.authority}", "--server_host_override=localhost"]
        return command


class Assay(Peer):
    name = "Assay"

    def __init__(self, programs, certificates):
        server, client = programs / "rpc-interop-server", programs / "rpc-interop-client"
        if not server.exists() or not client.exists():
            sys.exit(f"build them first: swift build -c release --product {server.name} and {client.name}")
        super().__init__([server], [client], certificates)


class Grpcio(Peer):
    name = "grpcio"

    def __init__(self, certificates):
        python = ROOT / ".venv/bin/python"
        if not python.exists():
            raise Missing("there is no .venv: make test-dependencies")
        super().__init__([python, HERE / "python/interop_server.py"], [python, HERE / "python/interop_client.py"], certificates)

    def server_command(self, tls, judges=False):
        return super().server_command(tls) + (["--tap"] if judges else [])


class CPlusPlus(Peer):
    name = "C++"

    def __init__(self, certificates):
        need("g++", "protoc", "grpc_cpp_plugin", "pkg-config")
        output = ROOT / ".build/interop/cpp"
        output.mkdir(parents=True, exist_ok=True)
        protos = [HERE / "Protos/grpc/testing/test.proto", ROOT / "docs/proto/grpc/health/v1/health.proto",
                  ROOT / "docs/proto/grpc/reflection/v1alpha/reflection.proto"]
        sources = HERE / "peers/cpp"
        newest = max(file.stat().st_mtime for file in [*protos, *sources.iterdir()])
        flags = run("pkg-config", "--cflags", "--libs", "grpc++", "protobuf").split()
        for name in ("interop_server", "interop_client"):
            if (output / name).exists() and (output / name).stat().st_mtime > newest:
                continue
            run("protoc", f"-I{HERE}/Protos", f"-I{ROOT}/docs/proto", f"--cpp_out={output}", f"--grpc_out={output}",
                f"--plugin=protoc-gen-grpc={shutil.which('grpc_cpp_plugin')}", *protos)
            # The library of server reflection brings its own messages.
            folders = ["testing"] if name == "interop_server" else ["testing", "health/v1", "reflection/v1alpha"]
            generated = [file for folder in folders for file in (output / "grpc" / folder).glob("*.cc")]
            libraries = ["-lgrpc++_reflection"] if name == "interop_server" else []
            run("g++", "-O1", "-std=c++17", f"-I{output}", f"-I{sources}", sources / f"{name}.cc", *generated,
                "-o", output / name, *flags, *libraries)
        super().__init__([output / "interop_server"], [output / "interop_client"], certificates)


class Go(Peer):
    name = "Go"
    # grpc-go chooses for a whole call, and shows nobody what came compressed.
    server_lacks = client_lacks = COMPRESSED

    def __init__(self, certificates):
        need("go", "protoc", "protoc-gen-go")
        output = ROOT / ".build/interop/go"
        package = output / "src/assay/interop"
        (package / "testing").mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "GO111MODULE": "off", "GOPATH": f"{output}:/usr/share/gocode",
                       "GOCACHE": str(output / "cache"), "GOFLAGS": ""}
        run("protoc", f"-I{HERE}/Protos/grpc/testing",
            f"--go_out=plugins=grpc,import_path=testing:{package / 'testing'}", "test.proto")
        for name in ("interop_server", "interop_client"):
            (package / name).mkdir(exist_ok=True)
            shutil.copy(HERE / f"peers/go/{name}/main.go", package / name / "main.go")
            run("go", "build", "-o", output / name, f"assay/interop/{name}", env=environment)
        super().__init__([output / "interop_server"], [output / "interop_client"], certificates)


# Proxies that stand between a client and our server.


def nginx(directory, certificates, backend, tls, processes):
    need("nginx")
    port = free_port()
    listen, scheme = ("ssl http2", "grpcs") if tls else ("http2", "grpc")
    secure = f"""
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_certificate {certificates.certificate};
        ssl_certificate_key {certificates.key};
        grpc_ssl_protocols TLSv1.3;
        grpc_ssl_trusted_certificate {certificates.authority};
        grpc_ssl_verify on;
        grpc_ssl_name localhost;
        grpc_ssl_server_name on;
    """ if tls else ""
    home = directory / f"nginx-{port}"
    home.mkdir()
    paths = "\n".join(f"{kind}_temp_path {home}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (home / "nginx.conf").write_text(f"""
daemon off;
pid {home}/pid;
error_log {home}/error.log info;
worker_processes 1;
events {{ worker_connections 4096; }}
http {{
    access_log {home}/access.log;
    {paths}
    server {{
        listen 127.0.0.1:{port} {listen};
        http2_max_concurrent_streams 1000;
        # At the default of 1,000 it says GOAWAY in the midst of them, and grpcio gives up the calls behind.
        keepalive_requests 100000;
        client_max_body_size 0;
        large_client_header_buffers 4 16k;
        grpc_buffer_size 16k;
        {secure}
        location / {{ grpc_pass {scheme}://127.0.0.1:{backend}; }}
    }}
}}
""")
    return processes.start(["nginx", "-e", home / "error.log", "-c", home / "nginx.conf"], port)


def nghttpx(directory, certificates, backend, tls, processes):
    need("nghttpx")
    port = free_port()
    options = ["--frontend-http2-max-concurrent-streams=1000", "--backend-http2-max-concurrent-streams=1000",
               "--no-ocsp", "--errorlog-file=/dev/stderr"]
    if tls:
        command = ["nghttpx", f"--frontend=127.0.0.1,{port}", f"--backend=127.0.0.1,{backend};;proto=h2;tls;sni=localhost",
                   f"--cacert={certificates.authority}", *options, certificates.key, certificates.certificate]
    else:
        command = ["nghttpx", f"--frontend=127.0.0.1,{port};no-tls", f"--backend=127.0.0.1,{backend};;proto=h2", *options]
    return processes.start(["env", "-i", f"PATH={os.environ['PATH']}", *command], port)


class Table:
    """Results by case and column."""

    def __init__(self):
        self.columns = []
        self.results = {}
        self.failures = []
        self.remarks = []

    def add(self, column, case, result, why=""):
        if column not in self.columns:
            self.columns.append(column)
        self.results[case, column] = result
        if result == "FAIL":
            self.failures.append(f"{' '.join(column)}: {case}: {why}")

    def show(self):
        rows = []
        for case, _ in self.results:
            if case not in rows:
                rows.append(case)
        width = max(map(len, rows), default=0)
        for line in range(3):
            print(" " * width, *(column[line].rjust(max(map(len, column))) for column in self.columns), sep="  ")
        for row in rows:
            cells = (self.results.get((row, column), "").rjust(max(map(len, column))) for column in self.columns)
            print(row.ljust(width), *cells, sep="  ")
        print()
        for text in self.remarks:
            print(text)
        for text in self.failures:
            print(f"FAIL  {text}")
        counts = {mark: sum(result == mark for result in self.results.values()) for mark in ("ok", "FAIL", "–")}
        print(f"{counts['ok']} passed, {counts['FAIL']} failed, {counts['–']} that the peer cannot do")


class Run:
    def __init__(self, options, directory):
        self.directory = directory
        self.processes = Processes(directory)
        self.certificates = Certificates(directory)
        self.assay = Assay(options.programs, self.certificates)
        self.cases = options.cases.split(",") if options.cases else CASES
        self.table = Table()

    def servers(self, peer, tls):
        """The port for each case."""
        port = self.processes.start(peer.server_command(tls))
        ports = dict.fromkeys(self.cases, port)
        if isinstance(peer, Grpcio) and JUDGED & set(self.cases):
            ports.update(dict.fromkeys(JUDGED, self.processes.start(peer.server_command(tls, judges=True))))
        return ports

    def client(self, column, peer, ports, tls, lacks=frozenset()):
        done = {}
        for port in sorted(set(ports.values())):
            cases = [case for case in self.cases if ports[case] == port and case not in lacks]
            if cases:
                done.update(self.results(peer.client_command(port, tls, cases)))
        for case in self.cases:
            result, why = ("–", "") if case in lacks else done.get(case, ("FAIL", "no result"))
            self.table.add(column, case, result, why)

    @staticmethod
    def results(command):
        try:
            output = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, timeout=300).stdout
        except subprocess.TimeoutExpired as error:
            output = (error.stdout or b"").decode()
        results = {}
        for line in output.splitlines():
            if line.startswith("ok "):
                results[line[3:]] = ("ok", "")
            elif line.startswith("FAIL "):
                name, _, why = line[5:].partition(": ")
                results[name] = ("FAIL", why)
        return results

    def peer(self, kind):
        peer = kind(self.certificates)
        for tls in (False, True):
            transport = "TLS" if tls else "plain"
            self.client((peer.name, "calls us", transport), peer, self.servers(self.assay, tls), tls, peer.client_lacks)
            self.client((peer.name, "is called", transport), self.assay, self.servers(peer, tls), tls, peer.server_lacks)
            self.processes.stop()

    def proxy(self, name, start):
        clients = [self.assay]
        try:
            clients.append(Grpcio(self.certificates))
        except Missing:
            pass
        for tls in (False, True):
            transport = "TLS" if tls else "plain"
            backend = self.processes.start(self.assay.server_command(tls))
            port = start(self.directory, self.certificates, backend, tls, self.processes)
            for client in clients:
                column = (name, f"for {client.name}", transport)
                self.client(column, client, dict.fromkeys(self.cases, port), tls)
            if shutil.which("curl"):
                found = self.content_type(port, tls)
                is_ours = found == "application/grpc+assay"
                self.table.add((name, "for Assay", transport), "+assay passes", "ok" if is_ours else "FAIL", f"came back: {found}")
            self.processes.stop()

    # Tools that know nothing of gRPC.

    def curl(self, port, tls, path, *arguments):
        address = f"https://localhost:{port}" if tls else f"http://localhost:{port}"
        how = ["--http2", "--cacert", self.certificates.authority] if tls else ["--http2-prior-knowledge"]
        command = ["curl", "--silent", "--show-error", "--max-time", "10", "--include", *how, *arguments, address + path]
        reply = subprocess.run([str(part) for part in command], capture_output=True)
        if reply.returncode != 0:
            return f"{reply.stderr.decode().strip()}", {}, b""
        head, _, body = reply.stdout.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        return lines[0].strip(), dict(line.lower().split(": ", 1) for line in lines[1:]), body

    def content_type(self, port, tls):
        """What a call in our own content type comes back as."""
        message = self.directory / "empty.bin"
        message.write_bytes(bytes(5))
        _, headers, _ = self.curl(
            port, tls, "/grpc.testing.TestService/EmptyCall", "--header", "content-type: application/grpc+assay",
            "--header", "te: trailers", "--data-binary", f"@{message}")
        return headers.get("content-type")

    def tools(self):
        need("curl", "nghttp", "h2load")
        for tls in (False, True):
            transport = "TLS" if tls else "plain"
            port = self.processes.start(self.assay.server_command(tls))
            self.json(("curl", "calls us", transport), port, tls)
            self.http2(transport, port, tls)
            self.processes.stop()

    def json(self, column, port, tls):
        service = "/grpc.testing.TestService"
        asks_json = ["--header", "content-type: application/json"]

        def check(name, reply, status, *parts):
            line, headers, body = reply
            holds = line == f"HTTP/2 {status}" and all(part in body for part in parts)
            self.table.add(column, name, "ok" if holds else "FAIL", f"{line} {headers} {body[:200]}")

        def post(path, text, *more):
            return self.curl(port, tls, path, *asks_json, *more, "--data", text)

        check("JSON: POST", post(f"{service}/UnaryCall", '{"responseSize": 3}'), 200, b'"body":"AAAA"')
        check("JSON: an empty message", post(f"{service}/EmptyCall", "{}"), 200, b"{}")
        query = "?connect=v1&encoding=json&message=%7B%22responseSize%22%3A3%7D"
        check("JSON: GET", self.curl(port, tls, f"{service}/CacheableUnaryCall{query}"), 200, b'"body":"AAAA"')
        check("JSON: GET of what is not read-only", self.curl(port, tls, f"{service}/UnaryCall{query}"), 405)
        check("JSON: a status", post(f"{service}/UnaryCall", '{"responseStatus": {"code": 5, "message": "none"}}'), 404,
              b'"code":"not_found"', b'"message":"none"')
        check("JSON: an unknown method", post(f"{service}/Nothing", "{}"), 404, b'"code":"unimplemented"')
        check("JSON: a message that is none", post(f"{service}/UnaryCall", '{"responseSize": '), 400, b'"code":"invalid_argument"')
        check("JSON: a stream", post(f"{service}/FullDuplexCall", "{}"), 415)
        check("an unknown content type", self.curl(port, tls, f"{service}/EmptyCall", "--header", "content-type: text/plain", "--data", "x"), 415)
        echo = ["--header", "x-grpc-test-echo-initial: there", "--header", "x-grpc-test-echo-trailing-bin: q6ur"]
        reply = post(f"{service}/EmptyCall", "{}", *echo)
        fields = (reply[1].get("x-grpc-test-echo-initial"), reply[1].get("trailer-x-grpc-test-echo-trailing-bin"))
        self.table.add(column, "JSON: metadata", "ok" if fields == ("there", "q6ur") else "FAIL", str(reply))

    def http2(self, transport, port, tls):
        scheme = "https" if tls else "http"
        message = self.directory / "message.bin"
        # A SimpleRequest that asks for 99 bytes.
        message.write_bytes(b"\0\0\0\0\2\x10\x63")
        call = ["--header=content-type: application/grpc", "--header=te: trailers", f"--data={message}"]
        address = f"{scheme}://localhost:{port}/grpc.testing.TestService/UnaryCall"
        done = subprocess.run(["nghttp", "--verbose", "--no-verify-peer", *call, address], capture_output=True, text=True)
        holds = "grpc-status: 0" in done.stdout
        self.table.add(("nghttp", "calls us", transport), "a call", "ok" if holds else "FAIL", done.stdout[-300:] + done.stderr)
        # The system's answer, not ours, decides between localhost's addresses: h2load takes the first.
        address = address.replace("localhost", "127.0.0.1")
        done = subprocess.run(["h2load", "--requests=20000", "--clients=10", "--max-concurrent-streams=50", *call, address],
                              capture_output=True, text=True)
        holds = " 20000 succeeded, 0 failed, 0 errored" in done.stdout
        self.table.add(("h2load", "calls us", transport), "20,000 calls", "ok" if holds else "FAIL", done.stdout[-300:] + done.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=Path, default=ROOT / ".build/release")
    parser.add_argument("--peers", default="grpcio,c++,go,nginx,nghttpx,tools")
    parser.add_argument("--cases", help="the names of some cases, with commas")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        all_runs = Run(options, Path(directory))
        steps = {
            "grpcio": lambda: all_runs.peer(Grpcio),
            "c++": lambda: all_runs.peer(CPlusPlus),
            "go": lambda: all_runs.peer(Go),
            "nginx": lambda: all_runs.proxy("nginx", nginx),
            "nghttpx": lambda: all_runs.proxy("nghttpx", nghttpx),
            "tools": all_runs.tools,
        }
        try:
            for name in options.peers.split(","):
                try:
                    steps[name]()
                except Missing as reason:
                    all_runs.table.remarks.append(f"left out  {name}: {reason}")
                finally:
                    all_runs.processes.stop()
        finally:
            all_runs.processes.stop()
        all_runs.table.show()
        sys.exit(1 if all_runs.table.failures else 0)


if __name__ == "__main__":
    main()
