internal import Wire

/// What gRPC says of names and of binary values.
extension Metadata {
    /// Bytes that a name may consist of: `[0-9a-z_.-]` (gRPC PROTOCOL-HTTP2, "Header-Name").
    package static func isNameByte(_ byte: UInt8) -> Bool {
        let lower: UInt64 = 0x03FF_6000_0000_0000
        let upper: UInt64 = 0x07FF_FFFE_8000_0000
        return byte < 64
            ? lower >> UInt64(byte) & 1 != 0 : byte < 128 && upper >> UInt64(byte & 63) & 1 != 0
    }

    /// The bytes behind each value of a `-bin` name, in order. Values that were joined by commas on
    /// their way count singly; those that are not base64 are left out.
    public func binaryValues(_ name: String) -> [[UInt8]] {
        var values: [[UInt8]] = []
        for field in fields where matches(field, name) {
            for part in parts(of: field) {
                if let bytes = Base64.decode(part) { values.append(bytes) }
            }
        }
        return values
    }

    private func parts(of field: Field) -> [ArraySlice<UInt8>] {
        arena[field.value].split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
            .map { part in
                let blank = UInt8(ascii: " ")
                let start = part.firstIndex { $0 != blank } ?? part.endIndex
                let end = part.lastIndex { $0 != blank }.map { $0 + 1 } ?? start
                return part[start..<end]
            }
    }

    private func isBinary(_ field: Field) -> Bool {
        arena[field.name].suffix(4).elementsEqual("-bin".utf8)
    }

    /// How many binary values are not base64.
    package var undecodableValues: Int {
        fields.reduce(0) { count, field in
            guard isBinary(field) else { return count }
            return count + parts(of: field).count { Base64.decode($0) == nil }
        }
    }

    /// The fields whose names the protocol keeps for itself and does not define (yet).
    package var reservedFields: Int {
        fields.reduce(0) { count, field in
            let isKnown = Self.known.contains { matches(field, $0) }
            return count + (hasPrefix(field, "grpc-") && !isKnown ? 1 : 0)
        }
    }

    /// The protocol's own fields of a request.
    private static let known = [
        "grpc-timeout", "grpc-encoding", "grpc-accept-encoding", "grpc-previous-rpc-attempts",
        "grpc-trace-bin", "grpc-tags-bin", "grpc-message-type",
    ]

    /// The fields without binary values that are not base64.
    package var withoutUndecodableValues: Metadata {
        guard fields.contains(where: isBinary) else { return self }
        var kept = Metadata()
        for field in fields {
            if isBinary(field) {
                for part in parts(of: field) where Base64.decode(part) != nil {
                    kept.append(name: arena[field.name], value: part)
                }
            } else {
                kept.append(name: arena[field.name], value: arena[field.value])
            }
        }
        return kept
    }

    /// What a caller's metadata looks like on the wire: names that are reserved for the protocol are
    /// dropped; one that no peer would take is the caller's mistake.
    package func checkedForSending() throws(RPCError) -> Metadata {
        var hasReserved = false
        for field in fields {
            let isName = !field.name.isEmpty && arena[field.name].allSatisfy(Self.isNameByte)
            if !isName {
                let name = String(decoding: arena[field.name].prefix(100), as: UTF8.self)
                throw RPCError(
                    .internal,
                    "metadata cannot be named \"\(name)\": only 0-9 a-z _ . - are allowed")
            }
            if isProtocolField(field) { hasReserved = true }
        }
        return hasReserved ? filter { !isProtocolField($0) } : self
    }

    private func isProtocolField(_ field: Field) -> Bool {
        hasPrefix(field, "grpc-") || matches(field, "content-type") || matches(field, "te")
    }
}
