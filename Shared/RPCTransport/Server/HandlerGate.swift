internal import RPC

/// Decides which handlers of one server run on one event loop, and keeps the calls that wait for their
/// turn. Belongs to the loop.
package final class HandlerGate {
    /// Where a call stands with the gate.
    enum Turn {
        /// It has not been there yet, or is let through without a limit.
        case none
        case waiting(WaitingCalls<ServerCall>.Ticket)
        /// It has a place, which is measured since then if there is a time.
        case granted(since: Instant?)
        /// It has a place among the streams.
        case stream
    }

    let observer: (any LoadObserver)?
    private var machine: OverloadMachine<ServerCall>

    init(
        _ policy: OverloadPolicy, observer: (any LoadObserver)?, seed: UInt64
    ) {
        self.observer = observer
        machine = OverloadMachine(policy, seed: seed)
    }

    var load: ServerLoad {
        ServerLoad(
            running: machine.running, waiting: machine.waitingCount, streams: machine.streams,
            limit: machine.limit)
    }

    // MARK: Beginning

    /// Whether the call's handler may begin now. If not, the call waits here or was refused.
    @inline(__always)
    func admits(_ call: ServerCall) -> Bool {
        guard case .none = call.turn else { return true }
        guard call.acceptance.kind == .unary, !call.acceptance.isUnlimited else {
            return admitsApart(call)
        }
        guard machine.begin(call.head.criticality) else {
            hold(call)
            return false
        }
        call.turn = .granted(since: machine.isMeasured() ? call.connection.loop.now : nil)
        return true
    }

    /// Health checks always pass; streams have a limit of their own.
    private func admitsApart(_ call: ServerCall) -> Bool {
        if call.acceptance.isUnlimited { return true }
        guard machine.beginStream() else {
            refuse(call, pushback: .seconds(1))
            return false
        }
        call.turn = .stream
        return true
    }

    /// Has a call wait for its turn.
    func hold(_ call: ServerCall) {
        let now = call.connection.loop.now
        let (ticket, shed) = machine.wait(call, call.head.criticality, at: now)
        if let ticket { call.turn = .waiting(ticket) }
        for entry in shed { refuse(entry.call, pushback: entry.pushback) }
    }

    private func refuse(_ call: ServerCall, pushback: Duration) {
        call.turn = .none
        observer?.shed(call.head.path, criticality: call.head.criticality)
        call.connection.shed(call, pushback)
    }

    // MARK: Ends

    /// Nobody waits for the call any more: it gives up its place in the queue. False if it has none.
    func leave(_ call: ServerCall) -> Bool {
        guard case .waiting(let ticket) = call.turn else { return false }
        call.turn = .none
        return machine.leave(ticket)
    }

    /// The call's handler has ended, or did not begin after all: who comes next?
    @inline(__always)
    func ended(_ call: ServerCall) {
        switch call.turn {
        case .granted(let since):
            machine.end()
            let raise = since.map { measure($0, at: call.connection.loop.now) } ?? 0
            if machine.waitingCount > 0 { startNext(atMost: 1 + raise) }
        case .stream: machine.endStream()
        case .none, .waiting: break
        }
        call.turn = .none
    }

    /// Returns by how much the limit has risen.
    private func measure(_ since: Instant, at now: Instant) -> Int {
        let before = machine.limit
        machine.measured(now - since, at: now)
        return max(0, machine.limit - before)
    }

    /// Gives free places to calls that wait.
    func startNext(atMost count: Int) {
        for _ in 0..<count {
            guard let call = machine.next() else { return }
            call.turn = .granted(since: machine.isMeasured() ? call.connection.loop.now : nil)
            call.connection.loop.runners.add(call)
        }
    }
}
