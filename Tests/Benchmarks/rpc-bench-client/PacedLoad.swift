import NIOCore
import RPC
import RPCTransport
import TestSupport

/// Starts calls at even intervals, whatever has become of those before, and times each from when it was
/// due: a server that falls behind is not asked less for it.
///
/// Sendable: its state is touched on its event loop alone.
final class PacedLoad: @unchecked Sendable {
    struct Plan: Sendable {
        var request: RawRequest
        /// Calls per second, over all connections.
        var rate: Int
        var warmUp: Duration
        var measured: Duration
    }

    struct Outcome: Sendable {
        var times = LatencyHistogram()
        var failures: [String: Int] = [:]
    }

    private let plan: Plan
    private let clients: [RPCClient]
    private let loop: any EventLoop
    private let start: NIODeadline
    private var outcome = Outcome()
    private var begun = 0
    private var ended = 0
    private let done: EventLoopPromise<Outcome>

    /// - Parameter clients: Each has a connection of its own; they take turns.
    init(_ plan: Plan, over clients: [RPCClient], on loop: any EventLoop) {
        self.plan = plan
        self.clients = clients
        self.loop = loop
        start = .now() + .milliseconds(10)
        done = loop.makePromise()
    }

    func run() async throws -> Outcome {
        loop.execute { self.tick() }
        return try await done.futureResult.get()
    }

    private var total: Int {
        Int((plan.warmUp + plan.measured) / .seconds(1) * Double(plan.rate))
    }

    private func due(_ number: Int) -> NIODeadline {
        start + .nanoseconds(Int64(number) * 1_000_000_000 / Int64(plan.rate))
    }

    /// Starts what is due.
    private func tick() {
        while begun < total, due(begun) <= .now() {
            let call = PacedCall(self, due: due(begun))
            let client = clients[begun % clients.count]
            begun += 1
            let now = Instant(nanoseconds: NIODeadline.now().uptimeNanoseconds)
            call.upstream = client.open(
                plan.request, isWhole: true, deadline: Deadline(now + .seconds(5)), to: call)
        }
        if begun < total { loop.scheduleTask(deadline: due(begun)) { self.tick() } }
    }

    fileprivate func ended(_ call: PacedCall, _ failure: String?) {
        ended += 1
        let isMeasured = call.due >= start + TimeAmount(plan.warmUp)
        if let failure {
            outcome.failures[failure, default: 0] += 1
        } else if isMeasured {
            outcome.times.record(Duration(NIODeadline.now() - call.due))
        }
        if ended == total { done.succeed(outcome) }
    }
}

/// One of its calls.
private final class PacedCall: RawReceiver {
    let due: NIODeadline
    private let load: PacedLoad
    private var bytes = 0
    var upstream: (any RawUpstreamCall)?

    init(_ load: PacedLoad, due: NIODeadline) {
        self.load = load
        self.due = due
    }

    func replied(status: Int, headers: Metadata, isLast: Bool) {
        if isLast { end(headers) }
    }

    func repliedBody(_ bytes: UnsafeRawBufferPointer) {
        self.bytes += bytes.count
        upstream?.consumed(bytes.count)
    }
    func repliedEnd(trailers: Metadata?) { end(trailers ?? Metadata()) }
    func sentRequest(upTo position: Int) {}
    func failed(_ error: RPCError) {
        upstream = nil
        load.ended(self, "\(error)")
    }

    private func end(_ trailers: Metadata) {
        upstream = nil
        let status = trailers["grpc-status"] ?? "none"
        let isGood = status == "0" && bytes > 0
        load.ended(self, isGood ? nil : "status \(status), \(bytes) bytes")
    }
}
