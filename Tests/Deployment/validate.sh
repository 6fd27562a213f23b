#!/usr/bin/env bash
# Checks k8s/ and deploy/: the API schemas (PyPI kubernetes-validate, from .venv), and what they cannot say.
# Exit status: 0 good, 1 something is wrong, 77 not checked because .venv is missing.
# With PROGRAMS=folder, the programs themselves are asked: for their options, whether they take the
# configurations, and to start and end as the compose file has them.
set -euo pipefail
cd "$(dirname "$0")/../.."
if ! .venv/bin/python -c 'import kubernetes_validate, yaml' 2>/dev/null; then
    echo "skipped: .venv with kubernetes-validate is missing; make test-dependencies makes it" >&2
    exit 77
fi
.venv/bin/python Tests/Deployment/validate.py
if [ -x "${PROGRAMS:-}/assay" ] && [ -x "${PROGRAMS:-}/assay-gateway" ]; then
    .venv/bin/python Tests/Deployment/start.py
fi
# The same as a cluster would get it, where kubectl is installed.
if command -v kubectl >/dev/null && kubectl kustomize --help >/dev/null 2>&1; then
    kubectl kustomize k8s/base | .venv/bin/kubernetes-validate --strict --quiet -
    echo "kustomize: k8s/base renders, and the result is valid"
fi
