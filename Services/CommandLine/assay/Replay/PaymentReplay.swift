import AssayMessages
import Foundation
import RPC
import Simulation
import Synchronization
import Wire

/// Sends a stream of payments through the gateway and keeps account of the decisions.
final class PaymentReplay: Sendable {
    struct Settings: Sendable {
        var seed: UInt64
        var payments: Int
        /// Requests in flight at once.
        var concurrency: Int
        /// How long one payment is tried before the replay gives up.
        var patience: Duration
        var explain: AssayRiskV1.ExplainLevel
    }

    private let client: AssayRiskV1.RiskAssessment.Client
    private let options: CallOptions
    private let settings: Settings
    private let payments: [ReplayedPayment]
    private let schedule: Mutex<ReplaySchedule>
    private let tally: Mutex<ReplayTally>

    /// Simulated payments.
    convenience init(_ connection: GatewayConnection, _ settings: Settings) throws {
        let payments = try Self.recentPayments(settings)
        self.init(
            connection, settings, payments.map { .simulated($0, seed: settings.seed) },
            customers: payments.map(\.customer))
    }

    /// Payments of a file.
    convenience init(
        _ connection: GatewayConnection, _ settings: Settings, recorded: [RecordedPayment]
    ) {
        let run = String(settings.seed, radix: 36)
        self.init(
            connection, settings, recorded.map { .recorded($0, run: run) },
            customers: recorded.map(\.customerNumber))
    }

    private init(
        _ connection: GatewayConnection, _ settings: Settings, _ payments: [ReplayedPayment],
        customers: [Int]
    ) {
        client = AssayRiskV1.RiskAssessment.Client(connection.transport)
        // We count and repeat failures ourselves, so that the report can tell of them.
        options = CallOptions(metadata: connection.metadata, allowsRetry: false)
        self.settings = settings
        self.payments = payments
        schedule = Mutex(ReplaySchedule(customers: customers))
        tally = Mutex(ReplayTally(payments: payments.count))
    }

    var count: Int { payments.count }
    var snapshot: ReplayTally { tally.withLock { $0 } }

    /// The payments of the day and a half before now: a feature store takes nothing from the future.
    private static func recentPayments(_ settings: Settings) throws -> [Payment] {
        let span: Int64 = 36 * 3_600_000
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        // The gaps are random: a tenth more than the mean span leaves room for them.
        var plan = SimulationPlan(
            seed: settings.seed, payments: settings.payments,
            startMilliseconds: now - span - span / 4, spanMilliseconds: span)
        var payments = Array(PaymentStream(plan))
        while let last = payments.last, last.milliseconds > now {
            plan.startMilliseconds -= last.milliseconds - now + 60_000
            payments = Array(PaymentStream(plan))
        }
        return payments
    }

    /// Replays all payments; throws when one cannot be decided.
    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<settings.concurrency {
                group.addTask { try await self.work() }
            }
            try await group.waitForAll()
        }
    }

    private func work() async throws {
        var next = schedule.withLock { $0.next() }
        while let index = next {
            try Task.checkCancellation()
            try await decide(index)
            next = schedule.withLock { $0.next(after: index) }
        }
    }

    /// Asks until there is a decision. The request id stays the same, so that asking twice is
    /// deciding once.
    private func decide(_ index: Int) async throws {
        var request = payments[index].request
        request.explain = settings.explain
        let clock = ContinuousClock()
        let end = clock.now + settings.patience
        var pause = Duration.milliseconds(20)
        while true {
            let start = clock.now
            do {
                let response = try await client.assessTransaction(request, options: options)
                let elapsed = (clock.now - start).components
                let microseconds =
                    elapsed.seconds * 1_000_000 + elapsed.attoseconds / 1_000_000_000_000
                tally.withLock {
                    $0.decided(payments[index], at: index, response, microseconds: microseconds)
                }
                return
            } catch let error as RPCError {
                guard Self.mayPass(error), clock.now < end else {
                    throw Complaint("\(request.requestID): \(error)")
                }
                tally.withLock { $0.failed(error.code) }
                try await Task.sleep(for: max(pause, error.retryAfter ?? .zero))
                pause = min(pause * 2, .seconds(1))
            }
        }
    }

    /// Failures of the moment: a process that died or was overrun. Others would only come again.
    private static func mayPass(_ error: RPCError) -> Bool {
        switch error.code {
        case .unavailable, .deadlineExceeded, .resourceExhausted, .aborted, .cancelled: true
        default: false
        }
    }

    /// Looks every acknowledged decision up again. Returns the ids that are missing or differ.
    func verify() async throws -> [UniqueID] {
        let acknowledged = snapshot.acknowledged.compactMap { $0 }
        let workers = settings.concurrency
        return try await withThrowingTaskGroup(of: [UniqueID].self) { group in
            for worker in 0..<workers {
                group.addTask {
                    var missing: [UniqueID] = []
                    for index in stride(from: worker, to: acknowledged.count, by: workers) {
                        let one = acknowledged[index]
                        if try await !self.isInLog(one) { missing.append(one.decisionID) }
                    }
                    return missing
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    private func isInLog(_ one: ReplayTally.Acknowledged) async throws -> Bool {
        let request = AssayRiskV1.GetDecisionRequest(decisionID: one.decisionID)
        let clock = ContinuousClock()
        let end = clock.now + settings.patience
        while true {
            do {
                let decision = try await client.getDecision(request, options: options)
                return decision.decisionID == one.decisionID && decision.status == one.status
                    && decision.score == one.score
            } catch let error as RPCError {
                if error.code == .notFound { return false }
                guard Self.mayPass(error), clock.now < end else { throw error }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }
}
