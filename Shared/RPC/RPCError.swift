/// How a call failed: the one error type that crosses a service boundary.
///
/// `cause` never does: it is for the log of the process that threw.
public struct RPCError: Error, Sendable {
    public var code: StatusCode
    /// For a person. Holds nothing internal, because it goes to the caller as it is.
    public var message: String
    /// Tells apart what shares a code, for programs: `MESSAGE_TOO_LARGE`, `RATE_LIMITED`, ...
    public var reason: String?
    public var details: [ErrorDetail]
    /// When trying again makes sense.
    public var retryAfter: Duration?
    /// What went wrong underneath; stays in this process.
    public var cause: (any Error)?

    public init(
        code: StatusCode, message: String, reason: String? = nil, details: [ErrorDetail] = [],
        retryAfter: Duration? = nil, cause: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.reason = reason
        self.details = details
        self.retryAfter = retryAfter
        self.cause = cause
    }

    public init(_ code: StatusCode, _ message: String, reason: String? = nil) {
        self.init(code: code, message: message, reason: reason)
    }
}

extension RPCError {
    /// An INVALID_ARGUMENT that names the fields at fault.
    public static func invalid(_ violations: [FieldViolation]) -> RPCError {
        let first = violations.first.map { "\($0.field): \($0.description)" } ?? "invalid request"
        let more = violations.count > 1 ? " (and \(violations.count - 1) more)" : ""
        return RPCError(
            code: .invalidArgument, message: first + more, details: [.badRequest(violations)])
    }

    /// `details` with `reason` and `retryAfter` in their standard forms, as they go on the wire.
    public var wireDetails: [ErrorDetail] {
        var all: [ErrorDetail] = []
        if let reason { all.append(.errorInfo(reason: reason)) }
        if let retryAfter { all.append(.retryInfo(retryAfter)) }
        return all + details
    }
}

extension RPCError: CustomStringConvertible {
    public var description: String {
        let because = cause.map { ", because: \($0)" } ?? ""
        return "\(code): \(message)\(reason.map { " [\($0)]" } ?? "")\(because)"
    }
}

/// A machine-readable part of an error: the three of `google.rpc` that every client library knows.
public enum ErrorDetail: Sendable, Hashable {
    /// `google.rpc.BadRequest`: which fields are wrong, and why.
    case badRequest([FieldViolation])
    /// `google.rpc.RetryInfo`: wait this long.
    case retryInfo(Duration)
    /// `google.rpc.ErrorInfo`: a constant for programs.
    case errorInfo(reason: String, domain: String = "assay", metadata: [String: String] = [:])
}

/// One field of a request that was refused.
public struct FieldViolation: Sendable, Hashable {
    /// A path as in JSON pointers: "/transaction/amount".
    public var field: String
    public var description: String
    /// The rule that was broken, for programs: "required", "max", ...
    public var reason: String

    public init(field: String, description: String, reason: String = "") {
        self.field = field
        self.description = description
        self.reason = reason
    }
}
