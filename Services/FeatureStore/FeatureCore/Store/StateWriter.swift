internal import FeatureEngine
internal import Storage
internal import Synchronization

/// Stores changed states behind the events that changed them.
///
/// An event is durable through its log row alone. This writer stores dirty states in batches and
/// then moves `meta/applied` up: every event at or below that sequence is in the stored blobs.
/// With a state goes its trail: the events applied to it since it was stored last.
/// A blob is submitted after the rows of its events, to the same queue, so no blob is ever on the
/// disk without the log of what it contains.
actor StateWriter {
    private let cache: StateCache
    private let records: RecordWriter
    /// The place in the log of the last event that the states may have.
    private let lastSequence: @Sendable () -> UInt64
    private var writes: UInt64 = 0
    private var running: Task<Void, any Error>?

    static let batchBytes = 256 << 10

    init(
        cache: StateCache, records: RecordWriter, lastSequence: @escaping @Sendable () -> UInt64
    ) {
        self.cache = cache
        self.records = records
        self.lastSequence = lastSequence
    }

    /// Stores everything that is dirty now. Calls are served one after the other.
    func flush() async throws {
        let before = running
        let task = Task {
            _ = await before?.result
            try await write()
        }
        running = task
        try await task.value
    }

    private func write() async throws {
        writes += 1
        let number = writes
        // Whoever was given a sequence up to here holds its stripes until it is applied; the round
        // below takes each stripe once, hence sees all of these events.
        let horizon = lastSequence()
        var batch = WriteBatch()
        var gathered: [(stripe: Stripe, states: [CachedState])] = []
        for stripe in cache.stripes {
            let states = stripe.locked { stripe in
                let states = stripe.takeDirty(write: number)
                for state in states { put(state, in: &batch) }
                return states
            }
            if !states.isEmpty { gathered.append((stripe, states)) }
            guard batch.byteCount >= StateWriter.batchBytes else { continue }
            try await store(batch, gathered, number)
            batch = WriteBatch()
            gathered = []
        }
        batch.put(
            StorageKey.applied(cache.generation), StorageKey.bigEndian(horizon), in: .meta)
        try await store(batch, gathered, number)
    }

    /// The caller holds the state's stripe.
    private nonisolated func put(_ state: CachedState, in batch: inout WriteBatch) {
        cache.put(state.state, of: state, in: &batch)
        cache.put(state.savedTrail, of: state, in: &batch)
    }

    private func store(
        _ batch: WriteBatch, _ gathered: [(stripe: Stripe, states: [CachedState])], _ number: UInt64
    ) async throws {
        var isStored = false
        defer {
            for (stripe, states) in gathered {
                stripe.locked { $0.finish(states, write: number, isStored: isStored) }
            }
        }
        try await commit(batch)
        isStored = true
    }

    /// Waits its turn when the log has a backlog: events come first.
    private func commit(_ batch: WriteBatch) async throws {
        while true {
            do throws(StorageError) {
                return try await records.commit(batch)
            } catch  where error.code == .busy {
                try await Task.sleep(for: .milliseconds(10))
            }
        }
    }
}
