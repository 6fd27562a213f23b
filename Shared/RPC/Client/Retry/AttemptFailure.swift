/// How one attempt of a call failed, as far as a further attempt is concerned.
package struct AttemptFailure: Sendable, Hashable {
    /// How far the attempt got.
    package enum Progress: Sendable, Hashable {
        /// It never left this process: no endpoint could be reached.
        case unsent
        /// The peer certainly did nothing: REFUSED_STREAM, or above GOAWAY's last stream.
        case refused
        /// It may have run.
        case processed
        /// Something of the reply has been seen: no further attempt.
        case committed
    }

    package var code: StatusCode
    package var progress: Progress
    package var pushback: Pushback

    package init(_ code: StatusCode, _ progress: Progress, pushback: Pushback = .none) {
        self.code = code
        self.progress = progress
        self.pushback = pushback
    }
}

/// `grpc-retry-pushback-ms`: what the server says about further attempts (gRFC A6).
package enum Pushback: Sendable, Hashable {
    case none
    /// After this pause.
    case after(Duration)
    /// Not at all: the value was negative, or unreadable.
    case never

    package init(trailers: Metadata) {
        guard let field = trailers.firstField("grpc-retry-pushback-ms") else {
            self = .none
            return
        }
        let digits = trailers.arena[field.value]
        let isNumber = (1...9).contains(digits.count) && digits.allSatisfy { (0x30...0x39) ~= $0 }
        self =
            isNumber
            ? .after(.milliseconds(digits.reduce(0) { $0 * 10 + Int($1 - 0x30) })) : .never
    }
}
