/// What a finished call says about the endpoint that it ran on.
package enum CallOutcome: Sendable, Hashable {
    /// Answered, be it with an error of the application's.
    case answered
    /// The endpoint is at fault: it answered so, or it answered in no time.
    case failed
    /// The endpoint refused for lack of room, or did not answer before the deadline.
    case overloaded
    /// The connection broke under the call.
    case broken
    /// Says nothing: the caller gave up, or the call never got there.
    case unknown

    package init(_ code: StatusCode, reason: String? = nil) {
        switch code {
        case .unavailable, .deadlineExceeded: self = .overloaded
        case .resourceExhausted where reason == "OVERLOADED": self = .overloaded
        case .unknown, .internal, .dataLoss: self = .failed
        case .cancelled: self = .unknown
        default: self = .answered
        }
    }

    /// Whether a low latency must not count, since failing fast would attract calls.
    var isPenalised: Bool { self == .overloaded || self == .broken }
}
