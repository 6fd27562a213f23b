import AssayMessages
import RPC
import Simulation
import Wire

/// What has come out of a replay so far.
struct ReplayTally: Sendable {
    /// An acknowledged decision, to be looked up again.
    struct Acknowledged: Sendable {
        var decisionID: UniqueID
        var status: AssayRiskV1.Status
        var score: Int32
    }

    private(set) var acknowledged: [Acknowledged?]
    private(set) var latency = LatencyHistogram()
    private(set) var statuses: [AssayRiskV1.Status: Int] = [:]
    private(set) var confusion = ConfusionTable()
    private(set) var scores: [(score: Double, isPositive: Bool)] = []
    /// Failed attempts by status; each was made again.
    private(set) var retried: [StatusCode: Int] = [:]
    private(set) var replayed = 0
    private(set) var degraded = 0
    /// The first decision of each kind, preferring frauds.
    private(set) var examples: [AssayRiskV1.Status: Example] = [:]

    struct Example: Sendable {
        var payment: Payment
        var decision: AssayRiskV1.Decision
    }

    init(payments: Int) {
        acknowledged = Array(repeating: nil, count: payments)
    }

    var decided: Int { latency.count }

    mutating func decided(
        _ payment: Payment, _ response: AssayRiskV1.AssessTransactionResponse,
        microseconds: Int64
    ) {
        let decision = response.decision
        acknowledged[payment.number] = Acknowledged(
            decisionID: decision.decisionID, status: decision.status, score: decision.score)
        latency.record(microseconds)
        statuses[decision.status, default: 0] += 1
        confusion.count(isPositive: payment.isFraud, decision.status)
        scores.append((decision.scoreExact.doubleValue, payment.isFraud))
        if response.replayed { replayed += 1 }
        if !decision.degraded.isEmpty { degraded += 1 }
        let known = examples[decision.status]
        if known == nil || !(known?.payment.isFraud ?? false) && payment.isFraud {
            examples[decision.status] = Example(payment: payment, decision: decision)
        }
    }

    mutating func failed(_ code: StatusCode) {
        retried[code, default: 0] += 1
    }
}
