internal import RPC

/// What the pipeline needs of the header fields, found in one pass.
struct HeaderFindings {
    var apiKey: Range<Int>?
    var authorization: Range<Int>?
    var requestID: Range<Int>?
    var idempotencyKey: Range<Int>?
    /// Whether there are `x-forwarded-*` or `forwarded`, and what was said there may be believed.
    var hasForwarded = false
    var believesForwarded = false
    /// Fields that were dropped because only the gateway may set them.
    var dropped = 0
    /// The field that makes the request unacceptable.
    var violation: HeaderPolicy.Violation?
}

/// Which header fields pass, in both directions.
enum HeaderPolicy {
    enum Violation: Equatable {
        case missingAuthority, conflictingAuthority, unknownAuthority, te, transferEncoding
        case duplicate(String)
    }

    /// - Parameters:
    ///   - authorities: Lower-case host names that may be asked for; empty means any.
    ///   - isProxy: Whether the peer's word on who asks is believed; asked once, if it says something.
    static func inspect(
        _ head: RequestHead, authorities: Set<String>, isProxy: () -> Bool = { false }
    ) -> HeaderFindings {
        var findings = HeaderFindings()
        var authority: Range<Int>?
        var host: Range<Int>?
        let fields = head.fields
        for field in fields.fields {
            var found: Violation?
            switch field.name.count {
            case 2 where fields.matches(field, "te"):
                found = fields.arena[field.value].elementsEqual("trailers".utf8) ? nil : .te
            case 4 where fields.matches(field, "host"):
                found = note(field, "host", &host)
            case 9 where fields.matches(field, "x-api-key"):
                found = note(field, "x-api-key", &findings.apiKey)
            case 10 where fields.matches(field, ":authority"):
                found = note(field, ":authority", &authority)
            case 12 where fields.matches(field, "x-request-id"):
                found = note(field, "x-request-id", &findings.requestID)
            case 13 where fields.matches(field, "authorization"):
                found = note(field, "authorization", &findings.authorization)
            case 15 where fields.matches(field, "idempotency-key"):
                found = note(field, "idempotency-key", &findings.idempotencyKey)
            case 17 where fields.matches(field, "transfer-encoding"):
                found = .transferEncoding
            default: break
            }
            findings.violation = findings.violation ?? found
            if isForwarded(fields, field) {
                if !findings.hasForwarded { findings.believesForwarded = isProxy() }
                findings.hasForwarded = true
                if !findings.believesForwarded { findings.dropped += 1 }
            } else if isReserved(fields, field) {
                findings.dropped += 1
            }
        }
        if findings.violation == nil {
            findings.violation = authorityViolation(
                fields, authority, host, authorities: authorities)
        }
        return findings
    }

    /// Remembers where a field is that may be there once.
    private static func note(
        _ field: Metadata.Field, _ name: String, _ slot: inout Range<Int>?
    ) -> Violation? {
        defer { slot = field.value }
        return slot == nil ? nil : .duplicate(name)
    }

    private static func authorityViolation(
        _ fields: Metadata, _ authority: Range<Int>?, _ host: Range<Int>?, authorities: Set<String>
    ) -> Violation? {
        guard let asked = authority ?? host, !asked.isEmpty else { return .missingAuthority }
        if let host, let authority, !isSame(fields.arena[host], fields.arena[authority]) {
            return .conflictingAuthority
        }
        if authorities.isEmpty { return nil }
        let name = String(decoding: fields.arena[asked], as: UTF8.self).lowercased()
        if authorities.contains(name) { return nil }
        guard let colon = name.lastIndex(of: ":"), authorities.contains(String(name[..<colon]))
        else {
            return .unknownAuthority
        }
        return nil
    }

    /// Host names, which have no case.
    private static func isSame(_ one: ArraySlice<UInt8>, _ other: ArraySlice<UInt8>) -> Bool {
        func folded(_ name: ArraySlice<UInt8>) -> some Sequence<UInt8> {
            name.lazy.map { $0 | (0x41...0x5A ~= $0 ? 0x20 : 0) }
        }
        return one.count == other.count && folded(one).elementsEqual(folded(other))
    }

    /// Fields that say where the request came from: a proxy's to set.
    private static func isForwarded(_ fields: Metadata, _ field: Metadata.Field) -> Bool {
        switch fields.arena[field.name].first {
        case UInt8(ascii: "f"): fields.matches(field, "forwarded")
        case UInt8(ascii: "x"): fields.hasPrefix(field, "x-forwarded-")
        default: false
        }
    }

    /// Fields that say who the caller is, or what it did before: ours to set, nobody else's.
    private static func isReserved(_ fields: Metadata, _ field: Metadata.Field) -> Bool {
        switch fields.arena[field.name].first {
        case UInt8(ascii: "a"): fields.hasPrefix(field, "assay-")
        case UInt8(ascii: "g"):
            fields.matches(field, "grpc-previous-rpc-attempts")
                && !isAttempt(fields.arena[field.value])
        case UInt8(ascii: "x"): fields.hasPrefix(field, "x-internal-")
        default: false
        }
    }

    /// The number of attempts before this one, as far as retries of an honest client go.
    private static func isAttempt(_ value: ArraySlice<UInt8>) -> Bool {
        guard value.count == 1, let digit = value.first else { return false }
        return (UInt8(ascii: "1")...UInt8(ascii: "5")).contains(digit)
    }

    /// Fields that end here because the next hop has its own, and those that hold secrets.
    private static func staysBehind(_ fields: Metadata, _ field: Metadata.Field) -> Bool {
        switch field.name.count {
        case 2: fields.matches(field, "te")
        case 4: fields.matches(field, "host")
        case 6: fields.matches(field, "cookie") || fields.matches(field, "expect")
        case 7: fields.matches(field, "upgrade") || fields.matches(field, "trailer")
        case 9: fields.matches(field, "x-api-key")
        case 10:
            fields.matches(field, "connection") || fields.matches(field, "keep-alive")
        case 12: fields.matches(field, "grpc-timeout") || fields.matches(field, "x-request-id")
        case 13: fields.matches(field, "authorization")
        case 14:
            fields.matches(field, "content-length") || fields.matches(field, "http2-settings")
        case 16: fields.matches(field, "proxy-connection")
        case 17: fields.matches(field, "transfer-encoding")
        case 18: fields.matches(field, "connect-timeout-ms")
        case 19: fields.matches(field, "proxy-authorization")
        default: false
        }
    }

    /// What the service behind sees: the caller's fields without the above, and our own.
    static func upstreamFields(
        _ head: RequestHead, requestID: String, principal: Principal?,
        criticality: Criticality = .normal, believesForwarded: Bool = false
    ) -> Metadata {
        let fields = head.fields
        var forwarded = fields.filter { field in
            fields.arena[field.name].first != UInt8(ascii: ":")
                && !staysBehind(fields, field) && !isReserved(fields, field)
                && (believesForwarded || !isForwarded(fields, field))
        }
        forwarded.append(name: AssayHeader.requestID.utf8, value: requestID.utf8)
        if let principal {
            forwarded.append(name: AssayHeader.tenant.utf8, value: principal.tenant.utf8)
            forwarded.append(name: AssayHeader.client.utf8, value: principal.client.utf8)
            forwarded.append(name: AssayHeader.scopes.utf8, value: principal.scopeHeader.utf8)
        }
        if criticality != .normal {
            forwarded.append(AssayHeader.criticality, "\(criticality)")
        }
        return forwarded
    }

    /// What the caller sees of the service's fields; trailers pass as they are.
    static func replyFields(_ fields: Metadata, requestID: String) -> Metadata {
        var passed = fields.filter { !isForInside(fields, $0) }
        passed.append(name: AssayHeader.requestID.utf8, value: requestID.utf8)
        return passed
    }

    /// Fields of one hop, and what only the gateway says to its callers.
    private static func isForInside(_ fields: Metadata, _ field: Metadata.Field) -> Bool {
        switch fields.arena[field.name].first {
        case UInt8(ascii: ":"): true
        case UInt8(ascii: "a"):
            fields.hasPrefix(field, "assay-") || fields.hasPrefix(field, "access-control-")
        case UInt8(ascii: "c"): fields.matches(field, "connection")
        case UInt8(ascii: "k"): fields.matches(field, "keep-alive")
        case UInt8(ascii: "p"): fields.matches(field, "proxy-connection")
        case UInt8(ascii: "s"):
            fields.matches(field, "server") || fields.matches(field, "strict-transport-security")
                || fields.matches(field, "set-cookie")
        case UInt8(ascii: "t"): fields.matches(field, "transfer-encoding")
        case UInt8(ascii: "u"): fields.matches(field, "upgrade")
        case UInt8(ascii: "x"):
            fields.matches(field, "x-content-type-options")
                || fields.hasPrefix(field, "x-internal-")
        default: false
        }
    }

    /// The fields that every JSON reply carries.
    static func appendJSONFields(_ headers: inout Metadata, isGet: Bool, isEncrypted: Bool) {
        headers.append("x-content-type-options", "nosniff")
        if !isGet { headers["cache-control"] = "no-store" }
        if isEncrypted { headers.append("strict-transport-security", "max-age=31536000") }
    }
}
