internal import Dispatch
internal import Synchronization

/// Makes the batches of many writers durable with one sync.
///
/// `submit` fixes a batch's place in the order of writes and returns at once; `wait` returns when a
/// sync that covers the batch is done. While one sync runs the next group gathers. A lone batch goes
/// at once; as soon as batches come together, syncs start `interval` apart, so that groups grow.
///
/// It fails closed: when a write fails, its group and everything submitted later fail with the
/// same error, so nothing is ever stored that was submitted after something lost.
public final class GroupCommit: Sendable {
    /// A submitted batch, on its way to the disk.
    public struct Commit: Sendable {
        fileprivate let group: CommitGroup

        /// Returns when the batch is on the disk; throws if it, or one before it, is not.
        public func wait() async throws(StorageError) {
            let result = await withCheckedContinuation { continuation in
                group.whenDone { continuation.resume(returning: $0) }
            }
            try result.get()
        }

        /// Calls `body` at that time, once, whether or not anybody waits: on the thread that synced,
        /// or on this one if the sync is done. It must not block. Whoever waits later goes on later.
        public func whenDone(_ body: @escaping @Sendable (Result<Void, StorageError>) -> Void) {
            group.whenDone(body)
        }
    }

    private struct State {
        var group = CommitGroup()
        var batches: [WriteBatch] = []
        var bytes = 0
        var isWorking = false
        var failure: StorageError?
    }

    private let store: any KeyValueStore
    private let interval: Duration
    private let maximumPendingBytes: Int
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "assay.storage.group-commit", qos: .userInitiated)

    /// - Parameters:
    ///   - interval: the least time between the starts of two syncs; at most a few milliseconds.
    ///   - maximumPendingBytes: submitted but not yet synced; above it `submit` throws `.busy`.
    public init(
        store: any KeyValueStore, interval: Duration = .milliseconds(1),
        maximumPendingBytes: Int = 64 << 20
    ) {
        self.store = store
        self.interval = interval
        self.maximumPendingBytes = maximumPendingBytes
    }

    /// Queues a batch behind all those submitted before it, from any thread.
    public func submit(_ batch: WriteBatch) throws(StorageError) -> Commit {
        let result: Result<Commit, StorageError> = state.withLock { state in
            if let failure = state.failure { return .failure(failure) }
            guard state.bytes + batch.byteCount <= maximumPendingBytes || state.bytes == 0 else {
                return .failure(
                    StorageError(.busy, "\(state.bytes) bytes are waiting to be written"))
            }
            state.batches.append(batch)
            state.bytes += batch.byteCount
            if !state.isWorking {
                state.isWorking = true
                queue.async { self.work() }
            }
            return .success(Commit(group: state.group))
        }
        return try result.get()
    }

    /// Submits a batch and waits until it is on the disk.
    public func commit(_ batch: WriteBatch) async throws(StorageError) {
        try await submit(batch).wait()
    }

    /// Refuses new batches and waits for those submitted. The store stays open.
    public func close() async {
        let last = state.withLock { state in
            state.failure = state.failure ?? StorageError(.closed, "the store is closing")
            return state.isWorking ? Commit(group: state.group) : nil
        }
        try? await last?.wait()
    }

    /// Runs on `queue` as long as there are batches.
    private func work() {
        let clock = ContinuousClock()
        while let (group, batches) = takeGroup() {
            let started = clock.now
            do {
                try store.write(batches, sync: true)
                group.finish(.success(()))
            } catch {
                fail(error)
                group.finish(.failure(error))
            }
            if batches.count > 1 { pause(for: interval - (clock.now - started)) }
        }
    }

    /// The gathered group; a fresh one gathers from here on. Nil ends the work.
    private func takeGroup() -> (CommitGroup, [WriteBatch])? {
        let taken = state.withLock { state in
            let taken = (state.group, state.batches)
            state.group = CommitGroup()
            state.batches = []
            state.bytes = 0
            state.isWorking = !taken.1.isEmpty
            return taken
        }
        guard taken.1.isEmpty else { return taken }
        // Only `close` can be waiting here, for everything before it.
        taken.0.finish(.success(()))
        return nil
    }

    /// Nothing submitted after a lost batch may be stored.
    private func fail(_ error: StorageError) {
        let later = state.withLock { state in
            state.failure = state.failure.map { $0.code == .closed ? error : $0 } ?? error
            let later = state.group
            state.group = CommitGroup()
            state.batches = []
            state.bytes = 0
            return later
        }
        later.finish(.failure(error))
    }

    private func pause(for time: Duration) {
        guard time > .zero else { return }
        let (seconds, attoseconds) = time.components
        let nanoseconds = seconds * 1_000_000_000 + attoseconds / 1_000_000_000
        // A semaphore nobody signals: a sleep of this queue's own thread.
        _ = DispatchSemaphore(value: 0).wait(timeout: .now() + .nanoseconds(Int(nanoseconds)))
    }
}

/// The batches one sync covers, and who waits for it.
private final class CommitGroup: Sendable {
    typealias Waiter = @Sendable (Result<Void, StorageError>) -> Void

    private struct State {
        var result: Result<Void, StorageError>?
        var waiters: [Waiter] = []
    }

    private let state = Mutex(State())

    func whenDone(_ waiter: @escaping Waiter) {
        let result = state.withLock { state in
            if state.result == nil { state.waiters.append(waiter) }
            return state.result
        }
        if let result { waiter(result) }
    }

    /// Tells the waiters, in the order in which they came: those that come meanwhile as well.
    func finish(_ result: Result<Void, StorageError>) {
        while true {
            let waiters = state.withLock { state in
                if state.waiters.isEmpty { state.result = result }
                defer { state.waiters = [] }
                return state.waiters
            }
            guard !waiters.isEmpty else { return }
            for waiter in waiters { waiter(result) }
        }
    }
}
