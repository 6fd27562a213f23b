public import Wire

extension RPCError {
    /// The error of a request whose bytes cannot be decoded: a missing required field is the
    /// caller's mistake, everything else is broken encoding.
    @usableFromInline
    package init(undecodable error: WireError) {
        switch error.category {
        case .missing: self = .missing(error.path)
        case .limit:
            self.init(.resourceExhausted, "the request is over a limit: \(error)")
            reason = "MESSAGE_TOO_LARGE"
        case .malformed:
            self.init(.internal, "the request cannot be decoded: \(error)")
            if error.rule != nil { reason = "NOT_CANONICAL" }
        }
    }

    /// The same of JSON: always the caller's mistake, with a JSON pointer to it.
    @usableFromInline
    package init(undecodable error: JSONError) {
        switch error.code {
        case .missingRequired: self = .missing(error.path)
        case .limit: self.init(.resourceExhausted, "\(error)", reason: "MESSAGE_TOO_LARGE")
        case .syntax, .value, .unknownKey, .duplicate:
            self = .invalid([
                FieldViolation(
                    field: error.path.isEmpty ? "/" : error.path, description: error.message,
                    reason: "json")
            ])
        }
    }

    private static func missing(_ path: String) -> RPCError {
        .invalid([FieldViolation(field: path, description: "is required", reason: "required")])
    }

    /// The error of a request that decoded but breaks a rule of its schema.
    @usableFromInline
    package init(violated violations: [Violation]) {
        self = .invalid(
            violations.map {
                FieldViolation(field: $0.path, description: $0.message, reason: "\($0.rule)")
            })
    }
}
