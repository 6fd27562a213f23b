#!/usr/bin/env bash
# Writes Messages and Peer from Schemas, after a change to these or to SwiftProtobuf's version. Needs
# protoc; builds schemac and protoc-gen-swift.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

swift run --package-path ../../.. schemac compile --schemas Schemas --swift Messages --proto "$work"
swift build --product protoc-gen-swift
plugin="$(swift build --show-bin-path)/protoc-gen-swift"
mapfile -t protos < <(cd "$work" && find . -name '*.proto' -printf '%P\n')
protoc --proto_path="$work" --plugin=protoc-gen-swift="$plugin" --swift_out=Peer \
    --swift_opt=Visibility=Public --swift_opt=FileNaming=PathToUnderscores "${protos[@]}"
