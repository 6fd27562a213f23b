package import RPC

/// What became of one call.
package struct CallOutcome: Sendable {
    /// A handler that ran for it.
    package struct Run: Sendable {
        package let server: Int
        package let began: Instant
        package fileprivate(set) var ended: Instant?
    }

    package let kind: CallPlan.Kind
    package let began: Instant
    package let deadline: Instant
    /// Its caller named the deadline; else it is the method's.
    fileprivate let isOwnDeadline: Bool
    package fileprivate(set) var ended: Instant?
    package fileprivate(set) var code: StatusCode?
    package fileprivate(set) var message = ""
    /// How often it ended.
    fileprivate var endings = 0
    /// In the order in which they began.
    package fileprivate(set) var runs: [Run] = []
    /// The servers on which a handler began for it, in that order.
    package var servers: [Int] { runs.map(\.server) }
    /// What a call with a key has changed; a repeat changes nothing.
    package fileprivate(set) var effects = 0
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
    /// What the network of this scenario lets one rely on.
    let promises: Scenario.Promises

    init(_ promises: Scenario.Promises) { self.promises = promises }

    func violation(_ text: String) {
        if violations.count < 20 { violations.append(text) }
    }

    /// Something that only a network which changes bytes explains.
    func spoiled(_ text: String) {
        if !isSpoiled { violation(text) }
    }

    // MARK: The caller

    func opened(_ kind: CallPlan.Kind, deadline: Instant?, at now: Instant) -> UInt32 {
        calls.append(
            CallOutcome(
                kind: kind, began: now, deadline: deadline ?? now + SimulatedService.deadline,
                isOwnDeadline: deadline != nil))
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
        let deadline = calls[index].deadline
        if calls[index].kind.isUnary, now > deadline + .milliseconds(2) {
            violation("call \(call) ended \(now - deadline) behind its deadline (\(code))")
        }
        if promises.isSwift, code == .deadlineExceeded, !calls[index].isOwnDeadline {
            spoiled("call \(call) (\(calls[index].kind)) hung until the method's deadline")
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

    /// Where a handler's run stands.
    struct Place {
        let call: Int
        let run: Int
    }

    func began(_ context: ServerContext, on server: Int, at now: Instant) -> Place? {
        running += 1
        attempts += 1
        if context.deadline.hasPassed(at: now) {
            violation("\(context.method.name) started behind its deadline")
        }
        guard let id = Int(context.requestID), calls.indices.contains(id) else {
            spoiled("a handler runs for a call that nobody made")
            return nil
        }
        let call = calls[id]
        // An attempt has what was left when the one before it began, and no more.
        let given = (context.deadline.remaining(at: now) ?? .seconds(3_600))
        let before = promises.mayOvertake ? nil : call.runs.last?.began
        let left = call.deadline - (before ?? call.began)
        if given > left {
            spoiled(
                "an attempt of call \(id) (\(call.kind)) has \(given), and \(left) were left"
            )
        }
        calls[id].runs.append(.init(server: server, began: now))
        if !call.runs.isEmpty, !call.kind.mayBeRepeated {
            spoiled(
                "call \(id) (\(call.kind)) may not be repeated, and ran on \(calls[id].servers)")
        }
        return Place(call: id, run: call.runs.count)
    }

    func finished(_ place: Place?, at now: Instant) {
        running -= 1
        guard let place else { return }
        calls[place.call].runs[place.run].ended = now
        guard let reach = promises.reach, let left = calls[place.call].ended else { return }
        let late = now - max(left, calls[place.call].runs[place.run].began)
        if late > reach {
            spoiled("call \(place.call): a handler ran on for \(late) behind its caller's end")
        }
    }

    /// Changes something for a call with a key, unless that was done before.
    func pay(_ call: UInt32) {
        let index = Int(call)
        guard calls.indices.contains(index), calls[index].effects == 0 else { return }
        calls[index].effects += 1
    }

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
            if call.runs.count > call.ends {
                spoiled("call \(index): \(call.runs.count) handlers began, \(call.ends) ended")
            }
            if call.kind == .pay, call.code == .ok, call.effects != 1 {
                spoiled("call \(index) succeeded and had \(call.effects) effects")
            }
        }
    }
}
