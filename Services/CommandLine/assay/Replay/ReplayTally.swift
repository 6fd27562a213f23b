import AssayMessages
import RPC
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
    /// A few decisions of each kind, frauds before honest payments.
    private(set) var examples: [AssayRiskV1.Status: [Example]] = [:]
    private static let examplesKept = 3

    struct Example: Sendable {
        var payment: ReplayedPayment
        var decision: AssayRiskV1.Decision
    }

    init(payments: Int) {
        acknowledged = Array(repeating: nil, count: payments)
    }

    var decided: Int { latency.count }

    mutating func decided(
        _ payment: ReplayedPayment, at index: Int,
        _ response: AssayRiskV1.AssessTransactionResponse, microseconds: Int64
    ) {
        let decision = response.decision
        acknowledged[index] = Acknowledged(
            decisionID: decision.decisionID, status: decision.status, score: decision.score)
        latency.record(microseconds)
        statuses[decision.status, default: 0] += 1
        confusion.count(isPositive: payment.isFraud, decision.status)
        scores.append((decision.scoreExact.doubleValue, payment.isFraud))
        if response.replayed { replayed += 1 }
        if !decision.degraded.isEmpty { degraded += 1 }
        keep(Example(payment: payment, decision: decision))
    }

    private mutating func keep(_ example: Example) {
        var kept = examples[example.decision.status, default: []]
        if kept.count < Self.examplesKept {
            kept.append(example)
        } else if example.payment.isFraud,
            let honest = kept.firstIndex(where: { !$0.payment.isFraud })
        {
            kept[honest] = example
        } else {
            return
        }
        examples[example.decision.status] = kept
    }

    mutating func failed(_ code: StatusCode) {
        retried[code, default: 0] += 1
    }
}
