package import RPC

/// What became of one call.
package struct CallOutcome: Sendable {
    package let kind: CallPlan.Kind
    package let began: Instant
    package let deadline: Instant?
    package fileprivate(set) var ended: Instant?
    package fileprivate(set) var code: StatusCode?
    package fileprivate(set) var message = ""
    /// How often it ended.
    fileprivate var endings = 0
    /// The servers on which a handler began for it, in that order.
    package fileprivate(set) var servers: [Int] = []
    /// Ends that servers reported for it.
    fileprivate(set) var ends = 0

    package var took: Duration? { ended.map { $0 - began } }
}

/// What happened in a simulation, on both sides, and what must not have.
///
/// Sendable: a simulation has one thread.
final class Ledger: @unchecked Sendable {
    private(set) var calls: [CallOutcome] = []
    private(set) var violations: [String] = []
    private(set) var running = 0
    /// Bits were flipped on the way: contents cannot be relied on.
    var isSpoiled = false
    private(set) var succeeded = 0
    private(set) var attempts = 0
    private(set) var serverEnds = 0
    private(set) var codes: [StatusCode: Int] = [:]

    func violation(_ text: String) {
        if violations.count < 20 { violations.append(text) }
    }

    /// Something that only a network which changes bytes explains.
    func spoiled(_ text: String) {
        if !isSpoiled { violation(text) }
    }

    // MARK: The caller

    func opened(_ kind: CallPlan.Kind, deadline: Instant?, at now: Instant) -> UInt32 {
        calls.append(CallOutcome(kind: kind, began: now, deadline: deadline))
        return UInt32(calls.count - 1)
    }

    func ended(_ call: UInt32, _ error: (any Error)?, at now: Instant) {
        let index = Int(call)
        let known = error as? RPCError
        if let error, known == nil { violation("call \(call) ended with \(error)") }
        let code = known?.code ?? .ok
        codes[code, default: 0] += 1
        if error == nil { succeeded += 1 }
        calls[index].code = code
        calls[index].message = known?.message ?? ""
        calls[index].ended = now
        calls[index].endings += 1
        if let deadline = calls[index].deadline, calls[index].kind.isUnary,
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

    func began(_ context: ServerContext, on server: Int, at now: Instant) {
        running += 1
        attempts += 1
        if context.deadline.hasPassed(at: now) {
            violation("\(context.method.name) started behind its deadline")
        }
        guard let id = Int(context.requestID), calls.indices.contains(id) else {
            return spoiled("a handler runs for a call that nobody made")
        }
        calls[id].servers.append(server)
        if calls[id].servers.count > 1, calls[id].kind != .read {
            spoiled(
                "call \(id) (\(calls[id].kind)) may not be repeated, and ran on \(calls[id].servers)"
            )
        }
    }

    func finished() { running -= 1 }

    func served(_ record: CallRecord) {
        serverEnds += 1
        guard let id = Int(record.requestID), calls.indices.contains(id) else { return }
        calls[id].ends += 1
    }

    // MARK: The end

    /// What must hold when nothing moves any more.
    func close() {
        if running != 0 { violation("\(running) handlers still run") }
        for (index, call) in calls.enumerated() {
            if call.endings != 1 {
                violation("call \(index) (\(call.kind)) ended \(call.endings) times")
            }
            if call.servers.count > call.ends {
                spoiled("call \(index): \(call.servers.count) handlers began, \(call.ends) ended")
            }
        }
    }
}
