public import AssayMessages
internal import Dispatch
public import Storage
internal import Synchronization
public import Wire

/// Takes note of the calls of experiments, behind them: which unit each was about, and how it went.
///
/// A call never waits for it. What does not fit into its queue is dropped and counted: the decision log
/// brings it back at a rebuild.
public final class CallRecorder: Sendable {
    /// Calls that wait to be written; more are dropped.
    static let maximumPending = 65_536
    private static let batch = 1_024

    private struct State {
        var pending: [CallIndex.Call] = []
        var isWriting = false
        var dropped = 0
    }

    let counter = CallCounter()
    private let index: CallIndex
    private let store: any KeyValueStore
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "assay.models.calls", qos: .utility)

    /// - Parameter store: opened with ``OutcomeLog/families``.
    public init(store: any KeyValueStore, tenant: String = "default") {
        self.store = store
        index = CallIndex(store: store, tenant: tenant)
    }

    /// Calls that found no room, or that the store refused.
    public var dropped: Int { state.withLock { $0.dropped } }

    /// One call that was answered.
    public func answered(
        _ assignments: [AssayModelsV1.Assignment], requestID: String, at time: Timestamp,
        microseconds: Double
    ) {
        for assignment in assignments where assignment.isExposure {
            counter.add(
                assignment.experiment, assignment.epoch, arm: assignment.arm,
                microseconds: microseconds, failed: assignment.controlAnswered)
            submit(
                CallIndex.Call(
                    experiment: assignment.experiment, epoch: assignment.epoch, id: requestID,
                    unit: assignment.unitHash, at: time.millisecondsSinceEpoch))
        }
    }

    private func submit(_ call: CallIndex.Call) {
        let isFirst = state.withLock { state in
            guard state.pending.count < Self.maximumPending else {
                state.dropped += 1
                return false
            }
            state.pending.append(call)
            defer { state.isWriting = true }
            return !state.isWriting
        }
        if isFirst { queue.async { self.writePending() } }
    }

    /// Returns when every call answered before is written. Blocks.
    public func drain() {
        queue.sync { writePending() }
    }

    /// On the queue.
    private func writePending() {
        while true {
            let calls = state.withLock { state in
                let calls = Array(state.pending.prefix(Self.batch))
                state.pending.removeFirst(calls.count)
                state.isWriting = !calls.isEmpty
                return calls
            }
            guard !calls.isEmpty else { return }
            var batch = WriteBatch()
            for call in calls { index.put(call, into: &batch) }
            do {
                try store.write(batch, sync: false)
            } catch {
                state.withLock { $0.dropped += calls.count }
            }
        }
    }
}
