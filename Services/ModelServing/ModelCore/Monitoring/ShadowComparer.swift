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
    private static let lane = "compare"

    let registry: ModelRegistry
    private let log: ShadowLog
    private let outcomes: OutcomeLog?
    private let maximumCalls: Int
    private let queue = DispatchQueue(label: "assay.models.compare", qos: .utility)
    /// One at a time, with all that it holds.
    private let lanes = ChangeLanes()
    private let places = Turnstile(limit: ShadowComparer.maximumPending)

    /// - Parameters:
    ///   - outcomes: says what came of calls; nil: nobody knows.
    ///   - maximumCalls: that are compared; of more, the request has to say which.
    public init(
        _ registry: ModelRegistry, log: ShadowLog, outcomes: OutcomeLog? = nil,
        maximumCalls: Int = 1_000_000
    ) {
        self.registry = registry
        self.log = log
        self.outcomes = outcomes
        self.maximumCalls = maximumCalls
    }

    func compare(
        _ request: AssayModelsV1.CompareRequest
    ) async throws -> AssayModelsV1.Comparison {
        let shadow = try registry.snapshot.shadow(request.shadow, of: request.model)
            .specification
        try check(request)
        guard places.enter() else {
            throw RPCError(.resourceExhausted, "too many comparisons are waiting")
        }
        defer { places.leave() }
        return try await lanes.run(Self.lane) {
            let (chosen, horizon) = try await onQueue { try self.read(request, shadow, $0) }
            guard chosen.baseline != 0 else { throw Self.nothing(shadow, request) }
            let thresholds = try await thresholds(
                request, baseline: chosen.baseline, challenger: shadow.version)
            return try await onQueue { _ in
                try self.compareNow(request, shadow, chosen, thresholds, horizon)
            }
        }
    }

    /// A version is loaded for its bands only if no threshold is stated.
    private func thresholds(
        _ request: AssayModelsV1.CompareRequest, baseline: UInt32, challenger: UInt32
    ) async throws(RPCError) -> Thresholds {
        if let stated = try Thresholds(request) { return stated }
        let model = try registry.snapshot.model(request.model)
        for number in [baseline, challenger] {
            guard let state = model.states[number], state.hasEnded else { continue }
            throw RPCError(
                .failedPrecondition,
                "version \(number) is not loaded for its bands any more: \(state.refusal); say "
                    + "from which score on a call is selected: --threshold",
                reason: "version_\(state.status)")
        }
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
        _ request: AssayModelsV1.CompareRequest, _ shadow: AssayModelsV1.ShadowSpecification,
        _ caller: Waiter
    ) throws -> (calls: ComparedCalls.Chosen, horizon: Int64) {
        let stated = request.asOf?.millisecondsSinceEpoch
        let horizon = log.horizon(after: stated ?? 0)
        let before = stated ?? horizon
        var calls = ComparedCalls(
            challenger: shadow.version, baseline: request.baseline,
            keepsIDs: !request.outcome.isEmpty, limit: maximumCalls)
        try log.visitNewest(
            model: shadow.model, shadow: shadow.shadow,
            from: max(0, request.since?.millisecondsSinceEpoch ?? 0), before: before
        ) { row, recordedAt in
            try caller.check()
            guard calls.add(row) else {
                throw Self.tooMany(shadow, maximumCalls, after: recordedAt, before: before)
            }
            return true
        }
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
        guard !outcome.isEmpty, let outcomes else { return calls.pairs }
        var sums: [UInt64: Double] = [:]
        // Only of calls that are compared.
        for id in calls.ids { sums[id] = .nan }
        try outcomes.visit(outcome, before: horizon) { recorded in
            guard case .decision(let text) = recorded.outcome.subject else { return }
            let id = ComparedCalls.key(text)
            guard let sum = sums[id] else { return }
            sums[id] = (sum.isNaN ? 0 : sum) + recorded.outcome.value
        }
        return zip(calls.pairs, calls.ids).map { pair, id in
            let sum = sums[id] ?? .nan
            return ScoreComparison.Pair(
                champion: pair.champion, challenger: pair.challenger,
                isPositive: sum.isNaN ? nil : sum > 0)
        }
    }

    private static func tooMany(
        _ shadow: AssayModelsV1.ShadowSpecification, _ limit: Int, after time: Int64,
        before horizon: Int64
    ) -> RPCError {
        RPCError(
            .failedPrecondition,
            "shadow \"\(shadow.shadow)\" has more than \(limit) such calls, which is what one "
                + "comparison takes; the newest: --since \(Timestamp(milliseconds: time + 1)) "
                + "--as-of \(Timestamp(milliseconds: horizon))",
            reason: "too_many_calls")
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

    /// Whether anybody still waits for a comparison.
    private final class Waiter: Sendable {
        private let hasLeft = Atomic(false)

        func leave() { hasLeft.store(true, ordering: .relaxed) }

        func check() throws(RPCError) {
            guard hasLeft.load(ordering: .relaxed) else { return }
            throw RPCError(.cancelled, "the call was cancelled")
        }
    }

    /// Runs what reads the disk and computes for long, off the event loops; not for a caller who has
    /// left.
    private func onQueue<Result: Sendable>(
        _ body: @escaping @Sendable (Waiter) throws -> Result
    ) async throws -> Result {
        let caller = Waiter()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                queue.async {
                    continuation.resume(
                        with: Swift.Result {
                            do {
                                try caller.check()
                                return try body(caller)
                            } catch let error as StorageError {
                                throw RPCError(
                                    code: .unavailable, message: "the shadow log failed: \(error)",
                                    cause: error)
                            }
                        })
                }
            }
        } onCancel: {
            caller.leave()
        }
    }
}
