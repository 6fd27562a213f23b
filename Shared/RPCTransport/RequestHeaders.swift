internal import RPC

/// The header block of a call: pseudo-headers, the protocol's own fields, then the caller's.
enum RequestHeaders {
    static let userAgent = "grpc-swift-assay/0.1"

    static func arena(
        for call: ClientCall, authority: String, scheme: String, asProto: Bool, now: Instant
    ) -> [UInt8] {
        var fields = Metadata()
        fields.reserve(call.request.headers.arena.count + call.request.target.utf8.count + 256)
        fields.append(
            name: ":method".utf8, value: (call.request.method == .get ? "GET" : "POST").utf8)
        fields.append(name: ":scheme".utf8, value: scheme.utf8)
        fields.append(name: ":authority".utf8, value: authority.utf8)
        fields.append(name: ":path".utf8, value: call.request.target.utf8)
        let isJSON =
            call.request.method == .get
            || call.request.headers["content-type"].map { ContentType($0) == .json } ?? false
        if let left = call.deadline.remaining(at: now) {
            if isJSON {
                let milliseconds = min(max(1, left / .milliseconds(1)), 9_999_999_999)
                fields.append(
                    name: "connect-timeout-ms".utf8, value: String(Int64(milliseconds)).utf8)
            } else {
                fields.append(name: "grpc-timeout".utf8, value: TimeoutHeader.format(left))
            }
        }
        if !isJSON { fields.append(name: "te".utf8, value: "trailers".utf8) }
        if call.attempt > 0 {
            fields.append(
                name: "grpc-previous-rpc-attempts".utf8, value: String(call.attempt).utf8)
        }
        if call.request.headers.firstField("user-agent") == nil {
            fields.append(name: "user-agent".utf8, value: userAgent.utf8)
        }
        if asProto || call.span != nil {
            var headers = call.request.headers
            if let span = call.span { headers.setTrace(span.context) }
            if asProto { headers["content-type"] = "application/grpc+proto" }
            fields.append(contentsOf: headers)
        } else {
            fields.append(contentsOf: call.request.headers)
        }
        return fields.arena
    }
}
