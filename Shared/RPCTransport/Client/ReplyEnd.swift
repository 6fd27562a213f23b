internal import HTTP2
internal import RPC

extension StatusCode {
    /// What a client makes of RST_STREAM (grpc/doc/PROTOCOL-HTTP2.md, "Errors").
    init(resetWith code: HTTP2ErrorCode) {
        switch code {
        case .cancel: self = .cancelled
        case .refusedStream: self = .unavailable
        case .enhanceYourCalm: self = .resourceExhausted
        case .inadequateSecurity: self = .permissionDenied
        default: self = .internal
        }
    }
}

extension CallOutcome {
    /// What the fields that end a reply say.
    init(ending: Metadata) {
        if let field = ending.firstField("grpc-status") {
            if field.value.count == 1, ending.arena[field.value.lowerBound] == UInt8(ascii: "0") {
                self = .answered
                return
            }
            let error = RPCError(trailers: ending)
            self.init(error?.code ?? .unknown, reason: error?.reason)
        } else {
            self = ResponseStatus.read(ending) >= 500 ? .failed : .answered
        }
    }
}

/// Reads `:status`, which the library has checked to be there.
enum ResponseStatus {
    static func read(_ fields: Metadata) -> Int {
        fields[":status"].flatMap { Int($0) } ?? 0
    }
}
