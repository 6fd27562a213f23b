public import AssayMessages
internal import Dispatch
internal import RPC
internal import Statistics
internal import Storage
internal import Synchronization
package import Wire

/// Puts an experiment's units together and looks at them.
public final class ExperimentAnalyst: Sendable {
    /// Analyses that run or wait; more are refused.
    private static let maximumPending = 8

    let control: any ExperimentControl
    let outcomes: OutcomeLog
    let looks: LookLog
    let counts: any CallCounts
    let calls: CallIndex
    private let exposures: any ExposureSource
    private let recorder: CallRecorder?
    private let shadows: ShadowLog?
    private let now: @Sendable () -> Timestamp
    private let queue = DispatchQueue(label: "assay.models.analysis", qos: .utility)
    private let pending = Mutex(0)
    /// Calls by experiment and epoch that processes before this one counted.
    private let countedBefore = Mutex<[String: [AssayModelsV1.CountedCalls]]>([:])

    /// The experiments of a registry.
    ///
    /// - Parameters:
    ///   - outcomes: its store also holds the looks and the index of calls.
    ///   - shadows: what control's version said of calls, for covariates; nil: what was recorded as an
    ///     outcome under their names.
    public convenience init(
        _ registry: ModelRegistry, exposures: ExposureIndex, outcomes: OutcomeLog,
        calls: CallRecorder, shadows: ShadowLog? = nil
    ) {
        self.init(
            control: RegistryControl(registry: registry), exposures: exposures,
            outcomes: outcomes, counts: calls.counter, recorder: calls, shadows: shadows,
            now: registry.now)
    }

    package init(
        control: any ExperimentControl, exposures: any ExposureSource, outcomes: OutcomeLog,
        counts: any CallCounts, recorder: CallRecorder? = nil, shadows: ShadowLog? = nil,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.control = control
        self.exposures = exposures
        self.outcomes = outcomes
        self.counts = counts
        self.recorder = recorder
        self.shadows = shadows
        self.now = now
        looks = LookLog(store: outcomes.store, keys: outcomes.keys)
        calls = CallIndex(store: outcomes.store, tenant: outcomes.keys.tenant)
    }

    /// One look, outside of the schedule: nothing of it is kept.
    public func analyze(
        _ request: AssayModelsV1.AnalyzeRequest
    ) async throws -> AssayModelsV1.Analysis {
        let specification = try await control.specification(
            of: request.experiment, epoch: request.epoch)
        let plan = try AnalysisPlan(specification)
        let horizon: Int64
        if let asOf = request.asOf {
            horizon = asOf.millisecondsSinceEpoch
            guard horizon >= 0 && horizon <= now().millisecondsSinceEpoch else {
                throw RPCError.invalid("as_of", "lies in the future, or before 1970")
            }
        } else {
            await exposures.settle()
            horizon = try await outcomes.horizon()
        }
        return try await onQueue {
            let last = try self.looks.last(plan.name, plan.epoch, upTo: horizon)
            // A look of the schedule, taken again, is that look.
            let isAgain = last.map { $0.horizon.millisecondsSinceEpoch == horizon } ?? false
            let before =
                isAgain
                ? try self.looks.last(plan.name, plan.epoch, upTo: horizon - 1) : last
            // Calls are not dated: of an earlier time, what was known at the look before it.
            let counted = try request.asOf == nil ? self.counted(plan) : last?.counted ?? []
            let result = try self.result(
                plan, after: before, horizon: horizon, counted: counted)
            return AssayModelsV1.Analysis(result, of: plan)
        }
    }

    /// The last look of the schedule; nil before the first.
    func lastLook(_ plan: AnalysisPlan) async throws -> AssayModelsV1.RecordedLook? {
        try await onQueue { try self.looks.last(plan.name, plan.epoch) }
    }

    /// The next look of the schedule.
    func look(at plan: AnalysisPlan) async throws -> LookTaken {
        await exposures.settle()
        let horizon = try await outcomes.horizon()
        return try await onQueue {
            let before = try self.looks.last(plan.name, plan.epoch)
            let counted = try self.counted(plan)
            let result = try self.result(
                plan, after: before, horizon: horizon, counted: counted)
            return LookTaken(plan: plan, before: before, counted: counted, result: result)
        }
    }

    /// Runs what blocks on the disk or computes for long, one after the other, off the event loops.
    func onQueue<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        let isWelcome = pending.withLock { pending in
            if pending >= Self.maximumPending { return false }
            pending += 1
            return true
        }
        guard isWelcome else {
            throw RPCError(.resourceExhausted, "too many analyses are waiting")
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
                                code: .unavailable,
                                message: "the store of experiments failed: \(error)",
                                cause: error)
                        }
                    })
            }
        }
    }

    // MARK: On the queue

    private func result(
        _ plan: AnalysisPlan, after before: AssayModelsV1.RecordedLook?, horizon: Int64,
        counted: [AssayModelsV1.CountedCalls]
    ) throws -> AnalysisResult {
        let table = try units(plan, horizon: horizon)
        let number = (before?.number ?? 0) + 1
        return ExperimentAnalysis.analyze(
            plan.design, units: table.rows(),
            counts: plan.counts(counted),
            look: Look(
                number: Int(number), horizon: horizon, carried: before?.carried ?? .init()))
    }

    private func units(_ plan: AnalysisPlan, horizon: Int64) throws -> UnitTable {
        recorder?.drain()
        var table = UnitTable(design: plan.design, measures: plan.measures, horizon: horizon)
        try exposures.visit(plan.name, plan.epoch) { table.add(UnitExposure($0)) }
        try calls.visit(plan.name, plan.epoch) { call in
            table.add(call: call.id, unit: call.unit, at: call.at)
        }
        for name in table.factNames {
            try outcomes.visit(name, before: horizon) { recorded in
                if let fact = UnitFact(recorded.outcome, seed: plan.seed) { table.add(fact) }
            }
            try shadows?.visitControl(plan.specification, name, before: horizon) { table.add($0) }
        }
        return table
    }

    /// What was counted before this process began, as the last look of then kept it, and since.
    private func counted(_ plan: AnalysisPlan) throws -> [AssayModelsV1.CountedCalls] {
        let key = "\(plan.name)/\(plan.epoch)"
        let earlier = try countedBefore.withLock { known in
            if let earlier = known[key] { return earlier }
            let earlier = try looks.last(plan.name, plan.epoch)?.counted ?? []
            known[key] = earlier
            return earlier
        }
        return earlier.adding(counts.counted(plan.name, plan.epoch))
    }
}

extension [AssayModelsV1.CountedCalls] {
    /// Sums by metric and arm, sorted by them.
    fileprivate func adding(_ others: [AssayModelsV1.CountedCalls]) -> Self {
        var sums: [[String]: AssayModelsV1.CountedCalls] = [:]
        for count in self + others {
            let key = [count.metric, count.arm]
            var sum = sums[key] ?? .init(metric: count.metric, arm: count.arm)
            sum.calls &+= count.calls
            sum.events &+= count.events
            sums[key] = sum
        }
        return sums.values.sorted { ($0.metric, $0.arm) < ($1.metric, $1.arm) }
    }
}

/// A look of the schedule, before it is acted on and kept.
struct LookTaken: Sendable {
    let plan: AnalysisPlan
    let before: AssayModelsV1.RecordedLook?
    let counted: [AssayModelsV1.CountedCalls]
    let result: AnalysisResult
}

extension AnalysisPlan {
    /// Counted calls by metric and arm, as the analysis takes them.
    func counts(_ counted: [AssayModelsV1.CountedCalls]) -> [MetricCounts] {
        design.metrics.filter { $0.source == .counts }.map { metric in
            MetricCounts(
                metric: metric.name,
                arms: design.arms.map { arm in
                    counted.first { $0.metric == metric.name && $0.arm == arm.name }.flatMap(
                        Share.init)
                })
        }
    }
}

extension Share {
    /// Nil without calls.
    fileprivate init?(_ counted: AssayModelsV1.CountedCalls) {
        let calls = Int(clamping: counted.calls)
        guard calls > 0 else { return nil }
        self.init(events: min(calls, Int(clamping: counted.events)), trials: calls)
    }
}

extension UnitExposure {
    fileprivate init(_ exposure: AssayModelsV1.Exposure) {
        var flags: UnitRow.Flags = []
        if exposure.crossover { flags.insert(.crossover) }
        if exposure.forced { flags.insert(.forced) }
        if exposure.fallback { flags.insert(.fallback) }
        if exposure.failed { flags.insert(.failed) }
        self.init(
            unit: exposure.unitHash, arm: exposure.arm,
            at: exposure.firstAt.millisecondsSinceEpoch, flags: flags)
    }
}

extension UnitFact {
    /// - Parameter seed: of the draw of the arm, which gives the unit its hash.
    fileprivate init?(_ outcome: AssayModelsV1.Outcome, seed: String) {
        let subject: Subject
        switch outcome.subject {
        case .decision(let id): subject = .call(id)
        case .unit(let unit):
            subject = .unit(
                Bucketing.hash(purpose: .arm, seed: seed, kind: unit.kind, unit: unit.id),
                at: unit.at.millisecondsSinceEpoch)
        default: return nil
        }
        self.init(
            name: outcome.name, subject: subject, value: outcome.value,
            observedAt: outcome.observedAt.millisecondsSinceEpoch)
    }
}
