public import AssayMessages
internal import RPC
internal import Statistics
internal import Storage
public import Wire

/// Looks at running experiments when it is time, and has done what they say must be done.
///
/// A look is kept after its order was carried out: if the process ends in between, the next one
/// orders the same again, under the same request id.
public struct ExperimentLooks: Sendable {
    private let analyst: ExperimentAnalyst
    private let report: @Sendable (Event) -> Void

    /// - Parameter report: is told of everything a person may want to know.
    public init(
        _ analyst: ExperimentAnalyst, report: @escaping @Sendable (Event) -> Void = { _ in }
    ) {
        self.analyst = analyst
        self.report = report
    }

    /// What happened at a look.
    public enum Event: Sendable {
        case looked(AssayModelsV1.RecordedLook)
        case failed(experiment: String, reason: String)
    }

    /// Looks whenever something is due, until the task is cancelled.
    ///
    /// - Parameter sleep: waits, by the clock of whoever owns this.
    public func run(
        now: @Sendable () -> Timestamp, sleep: @Sendable (Duration) async throws -> Void
    ) async {
        while !Task.isCancelled {
            let wait = await lookWhereDue(at: now().millisecondsSinceEpoch)
            do { try await sleep(.milliseconds(wait)) } catch { return }
        }
    }

    /// Longest time between two rounds: an experiment that was applied meanwhile waits so long.
    static let longestWaitMilliseconds: Int64 = 10_000
    static let shortestWaitMilliseconds: Int64 = 100

    /// One round over the running experiments.
    ///
    /// - Returns: the milliseconds until the next one makes sense.
    @discardableResult
    package func lookWhereDue(at now: Int64) async -> Int64 {
        var wait = Self.longestWaitMilliseconds
        let running: [AssayModelsV1.ExperimentSpecification]
        do {
            running = try await analyst.control.running()
        } catch {
            report(.failed(experiment: "", reason: "\(error)"))
            return wait
        }
        analyst.counts.watch(running)
        for specification in running {
            do {
                let plan = try AnalysisPlan(specification)
                let last = try await analyst.lastLook(plan)
                var due = LookSchedule.due(after: last, plan)
                if due <= now {
                    let look = try await take(plan)
                    report(.looked(look))
                    due = LookSchedule.due(after: look, plan)
                }
                wait = min(wait, max(Self.shortestWaitMilliseconds, due - now))
            } catch {
                report(
                    .failed(experiment: specification.experiment, reason: Self.text(of: error)))
            }
        }
        return wait
    }

    private func take(_ plan: AnalysisPlan) async throws -> AssayModelsV1.RecordedLook {
        let taken = try await analyst.look(at: plan)
        var look = AssayModelsV1.RecordedLook(taken)
        if let order = StopOrder(taken) {
            do {
                try await analyst.control.carryOut(order)
                look.action = order.action
            } catch {
                // Kept with the look, and ordered again at the next one.
                look.failure = String(Self.text(of: error).prefix(256))
            }
        }
        let kept = look
        try await analyst.onQueue { try analyst.looks.record(kept) }
        return look
    }

    private static func text(of error: any Error) -> String {
        (error as? RPCError)?.message ?? "\(error)"
    }
}

/// When an experiment is looked at.
enum LookSchedule {
    /// At once, then every `look_every`; looks that were missed are not made up for. Milliseconds since
    /// 1970.
    static func due(
        after last: AssayModelsV1.RecordedLook?, _ plan: AnalysisPlan
    ) -> Int64 {
        last.map { $0.horizon.millisecondsSinceEpoch + plan.lookEveryMilliseconds } ?? .min
    }
}

extension StopOrder {
    /// Nil if there is nothing to do, or it was done at an earlier look of the epoch.
    init?(_ taken: LookTaken) {
        let stop = taken.plan.specification.stop
        let action: AssayModelsV1.StopAction
        switch taken.result.verdict {
        case .harm: action = stop.onGuardrail
        case .sampleRatioMismatch: action = stop.onSrm
        case .decided where taken.result.isWon: action = stop.onSuccess
        case .decided, .tooFewUnits, .open: return nil
        }
        guard [.halt, .control, .propose].contains(action) else { return nil }
        guard !taken.doneBefore.contains(action) else { return nil }
        experiment = taken.plan.name
        epoch = taken.plan.epoch
        self.action = action
        reason = taken.result.reason
        let id = "look-\(experiment)-\(taken.plan.specification.revision)-\(action)"
        requestID = String(id.suffix(64))
    }
}

extension AssayModelsV1.RecordedLook {
    init(_ taken: LookTaken) {
        let result = taken.result
        self.init(
            experiment: result.experiment, epoch: taken.plan.epoch,
            revision: UInt32(clamping: result.revision), number: UInt32(clamping: result.look),
            horizon: Timestamp(milliseconds: result.horizon), verdict: .init(result.verdict),
            contentHash: result.contentHash,
            leastPValue: result.carried.sampleRatioPValue.bounded,
            likelihoodRatios: result.carried.likelihoodRatios.map(\.bounded),
            counted: taken.counted, done: taken.doneBefore)
    }
}

extension LookTaken {
    /// What earlier looks had done about this revision: a person who changed the experiment since has
    /// decided anew.
    fileprivate var doneBefore: [AssayModelsV1.StopAction] {
        guard let before, before.revision == plan.specification.revision else { return [] }
        let isNew = before.action != .unspecified && !before.done.contains(before.action)
        return isNew ? before.done + [before.action] : before.done
    }
}

extension AnalysisResult {
    /// A primary metric is better in some arm, and none is worse there.
    var isWon: Bool {
        let primary = comparisons.filter { $0.role == .primary }
        return Set(primary.filter { $0.finding == .better }.map(\.arm))
            .contains { arm in !primary.contains { $0.arm == arm && $0.finding == .worse } }
    }

    /// In words, for the history of the experiment.
    var reason: String {
        let horizonText = "look \(look)"
        switch verdict {
        case .harm:
            let broken = guardrails.filter { $0.state == .broken }
                .map { "\($0.metric) in arm \($0.arm)" }
            return "\(horizonText): guardrail broken: \(broken.joined(separator: ", "))"
        case .sampleRatioMismatch:
            let units = arms.map { "\($0.name) \($0.units)" }
            return "\(horizonText): sample ratio mismatch: \(units.joined(separator: ", "))"
        case .decided:
            let better = comparisons.filter { $0.role == .primary && $0.finding == .better }
                .map { "\($0.metric) is better in arm \($0.arm)" }
            return "\(horizonText): \(better.joined(separator: ", "))"
        case .tooFewUnits, .open: return horizonText
        }
    }
}
