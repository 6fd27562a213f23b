import AssayMessages
import Foundation
import RPC
import RPCTransport
import Synchronization
import Wire

/// Calls that a client makes of a platform while its members are restarted: decisions, looks at the log
/// of decisions, and looks at experiments. Nothing but what is transparent is repeated.
final class RollingLoad: Sendable {
    /// One kind of call.
    struct Lane: Sendable {
        let path: String
        /// The request with this number.
        let body: @Sendable (Int) -> [UInt8]
        /// Its deadline is so short that a busy machine may miss it.
        let isTight: Bool
    }

    struct Outcome: Sendable {
        var answered = 0
        /// After the deadline, of tight lanes.
        var late = 0
        var failed = 0
        /// The first few.
        var failures: [String] = []
    }

    /// A look that changes nothing.
    static let look = Lane(
        path: "/assay.models.v1.Experiments/ListExperiments", body: none, isTight: false)
    static let all = [
        Lane(path: "/assay.risk.v1.RiskAssessment/AssessTransaction", body: payment, isTight: true),
        Lane(path: "/assay.risk.v1.RiskAssessment/ListDecisions", body: list, isTight: false),
        look,
    ]

    private let client: RPCClient
    private let isStopped = Atomic(false)
    private let number = Atomic(0)
    private let outcome = Mutex(Outcome())
    private let tasks = Mutex<[Task<Void, Never>]>([])

    /// - Parameter callers: Of each kind; each calls again when it has its reply, and a breath later.
    init(_ client: RPCClient, callers: Int, lanes: [Lane] = all) {
        self.client = client
        let started = lanes.flatMap { lane in
            (0..<callers).map { _ in Task { await self.run(lane) } }
        }
        tasks.withLock { $0 = started }
    }

    /// So far.
    var seen: Outcome { outcome.withLock { $0 } }

    func stop() async -> Outcome {
        isStopped.store(true, ordering: .relaxed)
        for task in tasks.withLock({ $0 }) { await task.value }
        return outcome.withLock { $0 }
    }

    private func run(_ lane: Lane) async {
        while !isStopped.load(ordering: .relaxed) {
            let body = lane.body(number.wrappingAdd(1, ordering: .relaxed).newValue)
            let began = ContinuousClock.now
            let status = await call(lane.path, body)
            outcome.withLock { outcome in
                switch status {
                case "0": outcome.answered += 1
                case let late where lane.isTight && late.hasPrefix("4"): outcome.late += 1
                default:
                    outcome.failed += 1
                    guard outcome.failures.count < 8 else { return }
                    outcome.failures.append(
                        "\(lane.path) after \(ContinuousClock.now - began): \(status)")
                }
            }
            try? await Task.sleep(for: .milliseconds(5))
        }
    }

    /// The status of a call, "0" for a good one, or what became of it instead.
    private func call(_ path: String, _ body: [UInt8]) async -> String {
        let request = RawRequest(
            target: path,
            headers: [
                "content-type": "application/grpc+proto", "x-api-key": RollingDeployment.key.text,
            ], body: body)
        do {
            let reply = try await client.forward(
                request, deadline: Deadline(ProcessClock.now + .seconds(20)))
            let fields = reply.trailers ?? reply.headers
            let status = fields["grpc-status"] ?? "HTTP \(reply.status)"
            guard status != "0" else { return status }
            let error = RPCError(trailers: fields)
            return "\(status) \(error?.reason ?? "") \(error?.message ?? "")"
        } catch {
            return "\(error)"
        }
    }

    // MARK: Requests

    private static func framed(_ message: some WireMessage) -> [UInt8] {
        let bytes = message.encoded()
        let count = UInt32(bytes.count)
        return [0] + (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) } + bytes
    }

    /// A payment whose id has always as many characters.
    static func payment(_ number: Int) -> [UInt8] {
        let id = "roll-\(100_000_000 + number)"
        let moment = Timestamp(seconds: Int64(Date().timeIntervalSince1970)) ?? .blank()
        return framed(
            AssayRiskV1.AssessTransactionRequest(
                requestID: id,
                transaction: AssayRiskV1.Transaction(
                    transactionID: "t-\(id)", occurredAt: moment, amount: Money("25.00", "EUR"),
                    type: "purchase", channel: "app", country: "DE"),
                account: AssayRiskV1.Account(
                    accountID: "acct-\(number % 100)", currency: "EUR", status: "active"),
                customer: AssayRiskV1.Customer(
                    customerID: "cust-\(number % 100)", country: "DE")))
    }

    private static func list(_ number: Int) -> [UInt8] {
        framed(AssayRiskV1.ListDecisionsRequest(pageSize: 3))
    }

    private static func none(_ number: Int) -> [UInt8] {
        framed(AssayModelsV1.ListExperimentsRequest())
    }
}
