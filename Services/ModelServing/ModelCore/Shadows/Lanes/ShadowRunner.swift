internal import AssayMessages
internal import Foundation
internal import Glibc
internal import RPC
internal import Synchronization
internal import Wire

/// Scores for the shadows of a registry, behind the calls: one thread for each, of low priority, which
/// rests so that all of them together take at most a quarter of the time of the scoring threads.
///
/// No thread that answers calls runs a shadow's model, so one that is stuck keeps nothing but its own
/// thread: its queue gives up the oldest rows, and that is counted.
public final class ShadowRunner: Sendable {
    /// Less urgent than what answers calls.
    private static let niceness: Int32 = 10

    private struct State {
        var lanes: [ShadowLane] = []
        var isClosed = false
        /// Basis points of the scoring threads' time that the shadows want together.
        var wanted = 0
    }

    private let registry: ModelRegistry
    private let log: ShadowLog
    private let threads: Int
    private let score: ShadowScorer.Score
    private let state = Mutex(State())

    /// Scores for the shadows that run, from now on.
    public convenience init(_ registry: ModelRegistry, log: ShadowLog) {
        self.init(registry, log: log, score: ShadowScorer.predicting)
    }

    /// - Parameter threads: those that score calls; the budgets are shares of them.
    init(
        _ registry: ModelRegistry, log: ShadowLog, threads: Int = ScoringPool.sparedCores,
        score: @escaping ShadowScorer.Score
    ) {
        self.registry = registry
        self.log = log
        self.threads = threads
        self.score = score
        registry.shadows.log = log
        registry.shadows.follow { [weak self] in self?.serve($0) }
    }

    /// Takes no further row. A thread that is at one ends after it; nothing waits for that.
    public func close() {
        registry.shadows.forget()
        let lanes = state.withLock { state in
            state.isClosed = true
            defer { state.lanes = [] }
            return state.lanes
        }
        for lane in lanes { lane.close() }
    }

    // MARK: Lanes

    private func serve(_ lanes: [ShadowLane]) {
        let (new, old) = state.withLock { state -> ([ShadowLane], [ShadowLane]) in
            guard !state.isClosed else { return ([], []) }
            let old = state.lanes.filter { lane in !lanes.contains { $0 === lane } }
            let new = lanes.filter { lane in
                lane.version != nil && !state.lanes.contains { $0 === lane } && lane.claim()
            }
            state.lanes = lanes
            state.wanted = lanes.reduce(0) { $0 + Int($1.shadow.specification.poolShare) }
            return (new, old)
        }
        for lane in old { lane.close() }
        for lane in new {
            let thread = Thread { [self] in work(lane) }
            thread.name = "shadow \(lane.name)"
            thread.stackSize = 1 << 20
            thread.start()
        }
    }

    /// What a shadow may take of the time of the scoring threads; less than its budget where the
    /// budgets of all models are more than there is for shadows.
    private func share(of lane: ShadowLane) -> Double {
        let wanted = state.withLock { $0.wanted }
        let scale = min(1, Double(ShadowLimits.poolShare) / Double(max(1, wanted)))
        let own = Double(max(1, lane.shadow.specification.poolShare))
        return own * scale / Double(ExperimentLimits.basisPoints)
    }

    // MARK: One lane's thread

    private func work(_ lane: ShadowLane) {
        guard let version = lane.version else { return }
        // On Linux this is the calling thread's own.
        _ = setpriority(Int32(PRIO_PROCESS.rawValue), 0, Self.niceness)
        var pace = ShadowPace(threads: threads)
        while let call = lane.next() {
            let start = Predictor.nanoseconds()
            lane.begin(at: start)
            let found = Result { () throws(RPCError) in try score(call, lane, version) }
            let end = Predictor.nanoseconds()
            lane.end()
            note(call, found, lane, took: end - start)
            lane.rest(
                nanoseconds: pace.rest(after: end - start, now: end, share: share(of: lane)))
        }
    }

    private func score(
        _ call: ShadowedCall, _ lane: ShadowLane, _ version: ServingVersion
    ) throws(RPCError) -> AssayModelsV1.ShadowScore {
        // What the same version said already it would say again.
        if call.version == version.number, let live = call.live { return live }
        return try score(call, version)
    }

    private func note(
        _ call: ShadowedCall, _ found: Result<AssayModelsV1.ShadowScore, RPCError>,
        _ lane: ShadowLane, took nanoseconds: UInt64
    ) {
        guard case .success(let score) = found, let live = call.live else {
            return lane.countFailed()
        }
        if nanoseconds > ShadowLane.longestNanoseconds { return lane.countLate() }
        let isKept = log.record(
            AssayModelsV1.ShadowRow(
                requestID: call.requestID, at: call.at,
                revision: lane.shadow.specification.revision, live: live, shadow: score),
            model: lane.model, shadow: lane.name)
        if !isKept { lane.countLost(1) }
        lane.countScored()
    }
}
