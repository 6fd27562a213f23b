internal import AssayMessages
internal import Crypto
internal import Dispatch
internal import RPC
internal import Statistics
internal import Storage
internal import Synchronization
internal import Wire

/// Puts what shadows said beside what was answered, on the same calls.
public final class ShadowComparer: Sendable {
    /// Comparisons that run or wait; more are refused.
    private static let maximumPending = 8

    let registry: ModelRegistry
    private let log: ShadowLog
    private let outcomes: OutcomeLog?
    private let queue = DispatchQueue(label: "assay.models.compare", qos: .utility)
    private let pending = Mutex(0)

    /// - Parameter outcomes: says what came of calls; nil: nobody knows.
    public init(_ registry: ModelRegistry, log: ShadowLog, outcomes: OutcomeLog? = nil) {
        self.registry = registry
        self.log = log
        self.outcomes = outcomes
    }

    func compare(
        _ request: AssayModelsV1.CompareRequest
    ) async throws -> AssayModelsV1.Comparison {
        let shadow = try registry.snapshot.shadow(request.shadow, of: request.model)
            .specification
        try check(request)
        let (chosen, horizon) = try await onQueue { try self.read(request, shadow) }
        guard chosen.baseline != 0 else { throw Self.nothing(shadow, request) }
        let thresholds = try await thresholds(
            request, baseline: chosen.baseline, challenger: shadow.version)
        return try await onQueue {
            try self.compareNow(request, shadow, chosen, thresholds, horizon)
        }
    }

    /// A version is loaded for its bands only if no threshold is stated.
    private func thresholds(
        _ request: AssayModelsV1.CompareRequest, baseline: UInt32, challenger: UInt32
    ) async throws(RPCError) -> Thresholds {
        if let stated = try Thresholds(request) { return stated }
        return Thresholds(
            baseline: try await registry.loaded(request.model, baseline).edge(of: request.band),
            challenger: try await registry.loaded(request.model, challenger)
                .edge(of: request.band))
    }

    private func check(_ request: AssayModelsV1.CompareRequest) throws {
        let now = registry.now().millisecondsSinceEpoch
        if let asOf = request.asOf?.millisecondsSinceEpoch, !(0...now ~= asOf) {
            throw RPCError.invalid("as_of", "lies in the future, or before 1970")
        }
        if !request.outcome.isEmpty, outcomes == nil || !OutcomeLog.isName(request.outcome) {
            throw RPCError.invalid(
                "outcome",
                outcomes == nil
                    ? "this process keeps no outcomes"
                    : "expected words joined by dots, such as outcome.fraud")
        }
    }

    // MARK: On the queue

    private func read(
        _ request: AssayModelsV1.CompareRequest, _ shadow: AssayModelsV1.ShadowSpecification
    ) throws -> (calls: ComparedCalls.Chosen, horizon: Int64) {
        let stated = request.asOf?.millisecondsSinceEpoch
        let horizon = log.horizon(after: stated ?? 0)
        let before = stated ?? horizon
        var calls = ComparedCalls(challenger: shadow.version, baseline: request.baseline)
        try log.visit(
            model: shadow.model, shadow: shadow.shadow,
            from: max(0, request.since?.millisecondsSinceEpoch ?? 0), before: before
        ) { calls.add($0) }
        return (calls.chosen, before)
    }

    private func compareNow(
        _ request: AssayModelsV1.CompareRequest, _ shadow: AssayModelsV1.ShadowSpecification,
        _ calls: ComparedCalls.Chosen, _ thresholds: Thresholds, _ horizon: Int64
    ) throws -> AssayModelsV1.Comparison {
        let comparison = ScoreComparison(
            try pairs(calls, request.outcome, before: horizon),
            championThreshold: thresholds.baseline, challengerThreshold: thresholds.challenger)
        var message = AssayModelsV1.Comparison(
            comparison, calls, thresholds, horizon: Timestamp(milliseconds: horizon))
        message.model = shadow.model
        message.shadow = shadow.shadow
        message.challenger = shadow.version
        message.contentHash = Array(SHA256.hash(data: message.encoded()))
        return message
    }

    private func pairs(
        _ calls: ComparedCalls.Chosen, _ outcome: String, before horizon: Int64
    ) throws -> [ScoreComparison.Pair] {
        var sums: [String: Double] = [:]
        if !outcome.isEmpty, let outcomes {
            // Only of calls that are compared.
            for call in calls.calls { sums[call.requestID] = .nan }
            try outcomes.visit(outcome, before: horizon) { recorded in
                guard case .decision(let id) = recorded.outcome.subject, let sum = sums[id] else {
                    return
                }
                sums[id] = (sum.isNaN ? 0 : sum) + recorded.outcome.value
            }
        }
        return calls.calls.map { call in
            let sum = sums[call.requestID] ?? .nan
            return ScoreComparison.Pair(
                champion: call.live, challenger: call.shadow,
                isPositive: sum.isNaN ? nil : sum > 0)
        }
    }

    private static func nothing(
        _ shadow: AssayModelsV1.ShadowSpecification, _ request: AssayModelsV1.CompareRequest
    ) -> RPCError {
        let baseline = request.baseline == 0 ? "another version" : "version \(request.baseline)"
        return RPCError(
            .failedPrecondition,
            "shadow \"\(shadow.shadow)\" has no call that \(baseline) answered and version "
                + "\(shadow.version) scored; see: assay models shadow status",
            reason: "nothing_to_compare")
    }

    /// Runs what reads the disk and computes for long, off the event loops.
    private func onQueue<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        let isWelcome = pending.withLock { pending in
            if pending >= Self.maximumPending { return false }
            pending += 1
            return true
        }
        guard isWelcome else {
            throw RPCError(.resourceExhausted, "too many comparisons are waiting")
        }
        defer { pending.withLock { $0 -= 1 } }
        return try await withCheckedThrowingContinuation { continuation in
            queue.async {
                continuation.resume(
                    with: Swift.Result {
                        do {
                            return try body()
                        } catch let error as StorageError {
                            throw RPCError(
                                code: .unavailable, message: "the shadow log failed: \(error)",
                                cause: error)
                        }
                    })
            }
        }
    }
}
