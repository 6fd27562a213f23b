"""Checks every manifest of k8s/ and deploy/compose.yaml; prints what is wrong, with its file."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

import kubernetes_validate
import yaml

# The oldest and the newest API that the manifests are for.
VERSIONS = ["1.32", "1.37"]
PROGRAMS = ["assay-gateway", "assay-risk", "assay-models", "assay-features"]
STATEFUL = {"assay-risk", "assay-models", "assay-features"}

problems = []


def problem(path, text):
    problems.append(f"{path}: {text}")


def documents(path):
    try:
        return [one for one in yaml.safe_load_all(path.read_text()) if one is not None]
    except yaml.YAMLError as error:
        problem(path, f"is not YAML: {error}")
        return []


def name_of(resource):
    return f"{resource.get('kind')}/{resource.get('metadata', {}).get('name')}"


def check_kustomization(path, document):
    listed = set(document.get("resources", []))
    for resource in listed:
        if not (path.parent / resource).exists():
            problem(path, f"lists {resource}, which is not there")
    if "namespace" in document:
        problem(path, "sets a namespace; that is an overlay's business")
    for file in path.parent.glob("*.yaml"):
        if file != path and file.name not in listed:
            problem(path, f"does not list {file.name}")


def check_schema(path, resource):
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(resource, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            where = "/".join(str(part) for part in error.path)
            problem(path, f"{name_of(resource)} under API {version}: /{where}: {error.message}")
    if "namespace" in resource.get("metadata", {}):
        problem(path, f"{name_of(resource)} names a namespace")


def check_pod(path, resource, everything):
    """The restricted Pod Security Standard, probes, resources, and references that exist."""
    name = name_of(resource)
    pod = resource["spec"]["template"]["spec"]
    context = pod.get("securityContext", {})
    if context.get("runAsNonRoot") is not True or not context.get("runAsUser"):
        problem(path, f"{name} may run as root")
    if context.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        problem(path, f"{name} has no seccomp profile")
    if pod.get("automountServiceAccountToken") is not False:
        problem(path, f"{name} mounts a token it does not need")
    if f"ServiceAccount/{pod.get('serviceAccountName')}" not in everything:
        problem(path, f"{name} uses a service account that is not there")
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(key):
            problem(path, f"{name} sets {key}")
    for volume in pod.get("volumes", []):
        config = volume.get("configMap", {}).get("name")
        if config and f"ConfigMap/{config}" not in everything:
            problem(path, f"{name} mounts ConfigMap {config}, which is not there")
        if "hostPath" in volume:
            problem(path, f"{name} mounts a path of the node")
    for container in pod["containers"]:
        check_container(path, name, container, pod, resource, everything)
    if f"Service/{resource['metadata']['name']}" not in everything:
        problem(path, f"{name} has no Service")


def check_container(path, name, container, pod, resource, everything):
    context = container.get("securityContext", {})
    if context.get("allowPrivilegeEscalation") is not False:
        problem(path, f"{name} allows privilege escalation")
    if context.get("readOnlyRootFilesystem") is not True:
        problem(path, f"{name} can write to its root file system")
    if context.get("capabilities", {}).get("drop") != ["ALL"]:
        problem(path, f"{name} keeps capabilities")
    for kind in ("requests", "limits"):
        if not {"cpu", "memory"} <= set(container.get("resources", {}).get(kind, {})):
            problem(path, f"{name} has no {kind} of cpu and memory")
    ports = {port["name"]: port["containerPort"] for port in container.get("ports", [])}
    for probe, page in (("startupProbe", "/readyz"), ("readinessProbe", "/readyz"), ("livenessProbe", "/livez")):
        request = container.get(probe, {}).get("httpGet", {})
        if (request.get("path"), request.get("port")) != (page, "admin"):
            problem(path, f"{name}: {probe} does not ask {page} on the admin port")
    check_arguments(path, name, container, ports, pod, everything)
    volumes = {volume["name"] for volume in pod.get("volumes", [])}
    volumes |= {claim["metadata"]["name"] for claim in resource["spec"].get("volumeClaimTemplates", [])}
    for mount in container.get("volumeMounts", []):
        if mount["name"] not in volumes:
            problem(path, f"{name} mounts {mount['name']}, which is no volume")


def check_arguments(path, name, container, ports, pod, everything):
    program = container["command"][0]
    values = {}
    for source in container.get("envFrom", []):
        config = everything.get(f"ConfigMap/{source['configMapRef']['name']}")
        if config is None:
            problem(path, f"{name} takes its environment from a ConfigMap that is not there")
            continue
        values |= config["data"]
    used = set()
    options = {}
    for argument in container.get("args", []):
        for variable in re.findall(r"\$\((\w+)\)", argument):
            used.add(variable)
            if variable not in values:
                problem(path, f"{name} uses $({variable}), which no ConfigMap sets")
        option, _, value = argument.partition("=")
        options[option] = value
    for variable in set(values) - used:
        problem(path, f"{name} never uses {variable} of its ConfigMap")
    for option, port in (("--listen", "rpc"), ("--admin", "admin")):
        if option in options and not options[option].endswith(f":{ports.get(port)}"):
            problem(path, f"{name}: {option} and the container port {port} differ")
    check_end(path, name, container["command"][0], options, values, pod)
    check_options(path, name, program, options)


def check_end(path, name, program, options, values, pod):
    """The cluster waits as long as the program may take to end."""
    if program not in PROGRAMS:
        return
    times = []
    for option in ("--endpoint-delay", "--grace"):
        text = options.get(option, "")
        for variable, value in values.items():
            text = text.replace(f"$({variable})", value)
        if not text.isdigit():
            return problem(path, f"{name}: {option} is not given in seconds")
        times.append(int(text))
    needed = sum(times) + 5
    if pod.get("terminationGracePeriodSeconds") != needed:
        problem(path, f"{name}: terminationGracePeriodSeconds is not {needed}: {times[0]} + {times[1]} + 5")


def program_at(name):
    """The built program, if PROGRAMS says where and it is there."""
    folder = os.environ.get("PROGRAMS")
    program = folder and pathlib.Path(folder) / name
    return program if program and program.exists() else None


def check_options(path, name, program, options):
    """Each option must be one that the program has; asked of the program itself, if it is built."""
    if program not in PROGRAMS:
        problem(path, f"{name} runs {program}, which is none of ours")
        return
    executable = program_at(program)
    if not executable:
        return
    text = subprocess.run([executable, "--help"], capture_output=True, text=True, timeout=60).stdout
    known = set(re.findall(r"--[a-z][a-z-]*", text))
    for option in options:
        if option not in known:
            problem(path, f"{name}: {program} has no option {option}")


def check_service(path, service, everything):
    selector = service["spec"].get("selector", {})
    for workload in everything.values():
        template = workload.get("spec", {}).get("template")
        if template and selector.items() <= template["metadata"]["labels"].items():
            ports = {p["name"] for c in template["spec"]["containers"] for p in c.get("ports", [])}
            for port in service["spec"]["ports"]:
                if port["targetPort"] not in ports:
                    problem(path, f"{name_of(service)} points at port {port['targetPort']}, which its pods lack")
            return
    problem(path, f"{name_of(service)} selects no pods")


def service_ports(everything):
    services = [one for one in everything.values() if one["kind"] == "Service"]
    return {one["metadata"]["name"]: {port["port"] for port in one["spec"]["ports"]} for one in services}


def check_addresses(path, config, ports):
    """`assay-risk:7002` in a configuration must be a Service and one of its ports."""
    for text in config["data"].values():
        for host, port in re.findall(r"\b(assay-[a-z]+):(\d+)", text):
            if int(port) not in ports.get(host, set()):
                problem(path, f"{name_of(config)} names {host}:{port}, which no Service has")


def check_policy(path, policy, ports):
    """A port that may be reached must be one that is served there."""
    for rule in policy["spec"].get("egress", []):
        for peer in rule.get("to", []):
            host = peer.get("podSelector", {}).get("matchLabels", {}).get("app.kubernetes.io/name")
            for port in rule.get("ports", []):
                if host and port["port"] not in ports.get(host, set()):
                    problem(path, f"{name_of(policy)} lets out to {host}:{port['port']}, which no Service has")


def check_kubernetes(root):
    everything = {}
    files = {}
    for path in sorted(root.rglob("*.yaml")):
        for document in documents(path):
            if document.get("kind") == "Kustomization":
                check_kustomization(path, document)
                continue
            key = name_of(document)
            if key in everything:
                problem(path, f"{key} stands twice")
            everything[key] = document
            files[key] = path
    ports = service_ports(everything)
    for key, resource in everything.items():
        if resource["kind"] == "ConfigMap":
            check_addresses(files[key], resource, ports)
        if resource["kind"] == "NetworkPolicy":
            check_policy(files[key], resource, ports)
        check_schema(files[key], resource)
        if resource["kind"] in ("Deployment", "StatefulSet"):
            check_pod(files[key], resource, everything)
        if resource["kind"] == "Service":
            check_service(files[key], resource, everything)
    for program in PROGRAMS:
        kind = "StatefulSet" if program in STATEFUL else "Deployment"
        for part in (kind, "Service", "ConfigMap", "ServiceAccount", "NetworkPolicy"):
            if f"{part}/{program}" not in everything:
                problem(root, f"{part}/{program} is missing")
        if program in STATEFUL and not everything.get(f"StatefulSet/{program}", {}).get("spec", {}).get("volumeClaimTemplates"):
            problem(root, f"{program} keeps state, but has no volume claim")
    return len(everything)


def check_compose(path):
    services = documents(path)[0]["services"]
    for name, service in services.items():
        if name != "setup" and "healthcheck" not in service:
            problem(path, f"{name} has no health check")
        for key, wanted in (("read_only", True), ("cap_drop", ["ALL"])):
            if service.get(key) != wanted:
                problem(path, f"{name}: {key} is not {wanted}")
        if service.get("user", "0").split(":")[0] in ("0", "root"):
            problem(path, f"{name} runs as root")
        command = service.get("command", [])
        if f"assay-{name}" in PROGRAMS:
            options = dict(argument.partition("=")[::2] for argument in command[1:])
            check_options(path, name, command[0], options)
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith(".") and not (path.parent / source).exists():
                problem(path, f"{name} mounts {source}, which is not there")
    missing = {program.removeprefix("assay-") for program in PROGRAMS} | {"redis"}
    for name in missing - set(services):
        problem(path, f"service {name} is missing")


def check_gateway(path, text, setup):
    """The gateway itself reads its configuration, with the files that the setup container makes."""
    program = program_at("assay-gateway")
    if not program:
        return
    for name, made in (("edge", "edge"), ("tls", "gateway")):
        text = text.replace(f"/etc/assay/{name}/tls.crt", f"{setup}/{made}.pem")
        text = text.replace(f"/etc/assay/{name}/tls.key", f"{setup}/{made}.key")
    text = text.replace("/etc/assay/tls/ca.crt", f"{setup}/ca.pem")
    for folder in ("/etc/assay/keys", "/setup"):
        text = text.replace(folder, str(setup))
    file = setup / "gateway.yaml"
    file.write_text(text)
    result = subprocess.run(
        [program, "--check", "--config", file], capture_output=True, text=True, timeout=60
    )
    if result.returncode != 0:
        problem(path, f"assay-gateway refuses it: {result.stderr.strip()}")


def run_setup(path, setup):
    """What compose's setup container does, in a folder of our own; true if the programs are built."""
    program = program_at("assay")
    if not program:
        return False
    script = documents(path)[0]["services"]["setup"]["command"][-1].replace("/setup", str(setup))
    environment = os.environ | {"PATH": f"{program.parent}:{os.environ['PATH']}"}
    # Twice: it must keep what is there, as it does when the container starts again.
    for _ in range(2):
        result = subprocess.run(
            ["bash", "-euc", script], capture_output=True, text=True, timeout=120, env=environment
        )
        if result.returncode != 0:
            problem(path, f"the setup script fails: {result.stderr.strip()}")
    for command in (one.get("command", []) for one in documents(path)[0]["services"].values()):
        for name in re.findall(r"/setup/(\S+)", " ".join(command[1:]) if command[0] in PROGRAMS else ""):
            if not (setup / name).exists():
                problem(path, f"{command[0]} needs {name}, which setup does not make")
    return True


def check_dockerfile(path):
    """Every file that is copied from the source tree is there, and the image does not run as root."""
    text = path.read_text()
    for source in re.findall(r"^COPY (?!--from)(\S+) ", text, re.MULTILINE):
        if not pathlib.Path(source).exists():
            problem(path, f"copies {source}, which is not there")
    user = re.findall(r"^USER (\S+)", text, re.MULTILINE)
    if not user or user[-1].split(":")[0] in ("0", "root"):
        problem(path, "runs as root")


def check_configurations():
    compose = pathlib.Path("deploy/compose.yaml")
    with tempfile.TemporaryDirectory() as folder:
        setup = pathlib.Path(folder)
        if not run_setup(compose, setup):
            return
        file = pathlib.Path("deploy/containers/gateway.yaml")
        check_gateway(file, file.read_text(), setup)
        file = pathlib.Path("k8s/base/gateway.yaml")
        for document in documents(file):
            if document["kind"] == "ConfigMap":
                check_gateway(file, document["data"]["gateway.yaml"], setup)


def main():
    count = check_kubernetes(pathlib.Path("k8s"))
    check_compose(pathlib.Path("deploy/compose.yaml"))
    check_dockerfile(pathlib.Path("deploy/containers/Dockerfile"))
    check_configurations()
    for text in problems:
        print(text, file=sys.stderr)
    if not problems:
        print(f"{count} Kubernetes resources, compose.yaml and the Dockerfile are in order")
    return 1 if problems else 0


sys.exit(main())
