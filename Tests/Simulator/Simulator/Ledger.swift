internal import RPC

/// What happened in a simulation, on both sides, and what must not have.
///
/// Sendable: a simulation has one thread.
final class Ledger: @unchecked Sendable {
    struct Call {
        let kind: String
        let deadline: Instant?
        var outcomes: [String] = []
        /// Handlers that began for it.
        var starts = 0
        /// Ends that servers reported for it.
        var ends = 0
        var mayRepeat = false
    }

    private(set) var calls: [Call] = []
    private(set) var violations: [String] = []
    private(set) var running = 0
    /// Bits were flipped on the way: contents cannot be relied on.
    var isSpoiled = false
    private(set) var succeeded = 0
    private(set) var attempts = 0
    private(set) var serverEnds = 0
    private(set) var expiredOnArrival = 0
    private(set) var codes: [StatusCode: Int] = [:]

    func violation(_ text: String) {
        if violations.count < 20 { violations.append(text) }
    }

    /// Something that only a network which changes bytes explains.
    func spoiled(_ text: String) {
        if !isSpoiled { violation(text) }
    }

    // MARK: The caller

    func opened(_ kind: String, deadline: Instant?, mayRepeat: Bool) -> UInt32 {
        calls.append(Call(kind: kind, deadline: deadline, mayRepeat: mayRepeat))
        return UInt32(calls.count - 1)
    }

    func ended(_ call: UInt32, _ error: (any Error)?, at now: Instant) {
        let index = Int(call)
        let known = error as? RPCError
        if error != nil, known == nil { violation("call \(call) ended with \(error!)") }
        let code = known?.code ?? .ok
        codes[code, default: 0] += 1
        if error == nil { succeeded += 1 }
        calls[index].outcomes.append("\(code)")
        if calls[index].outcomes.count > 1 {
            violation("call \(call) ended twice: \(calls[index].outcomes)")
        }
        if let deadline = calls[index].deadline, calls[index].kind == "unary",
            now > deadline + .milliseconds(2)
        {
            violation("call \(call) ended \(now - deadline) behind its deadline (\(code))")
        }
        if let known, !isSpoiled, !Self.expected.contains(known.code) {
            violation(
                "call \(call) (\(calls[index].kind)) ended with \(known.code): \(known.message)")
        }
    }

    /// What may happen on a network that loses and delays, but tells no lies.
    private static let expected: Set<StatusCode> = [
        .unavailable, .deadlineExceeded, .cancelled, .resourceExhausted, .failedPrecondition,
    ]

    // MARK: The servers

    func began(_ context: ServerContext, at now: Instant) {
        running += 1
        attempts += 1
        if context.deadline.hasPassed(at: now) {
            violation("\(context.method.name) started behind its deadline")
        }
        guard let id = Int(context.requestID), calls.indices.contains(id) else {
            return spoiled("a handler runs for a call that nobody made")
        }
        calls[id].starts += 1
        if calls[id].starts > 1, !calls[id].mayRepeat {
            spoiled("call \(id) may not be repeated and ran twice")
        }
    }

    func finished() { running -= 1 }

    func served(_ record: CallRecord) {
        serverEnds += 1
        if record.reason == "EXPIRED_ON_ARRIVAL" { expiredOnArrival += 1 }
        guard let id = Int(record.requestID), calls.indices.contains(id) else { return }
        calls[id].ends += 1
    }

    // MARK: The end

    /// What must hold when nothing moves any more.
    func close() {
        if running != 0 { violation("\(running) handlers still run") }
        for (index, call) in calls.enumerated() {
            if call.outcomes.count != 1 {
                violation("call \(index) (\(call.kind)) ended \(call.outcomes.count) times")
            }
            if call.starts > call.ends {
                spoiled("call \(index): \(call.starts) handlers began, \(call.ends) ended")
            }
        }
    }
}
