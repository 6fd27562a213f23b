internal import FeatureEngine
internal import Storage

/// Stores changed states behind the events that changed them.
///
/// An event is durable through its log row alone. This writer goes round the stripes, one after
/// so many events, and stores what changed in each since the round before: as much work after each
/// event, in pieces that hold nobody up. At the end of a round it writes the blobs out and then moves
/// `meta/applied` up: every event at or below that sequence is in blobs on the disk.
///
/// **Invariant.** For each stripe, every event up to `storedThrough` that touches an entity of the
/// stripe is in blobs that were handed to the store. What is on the disk may be newer than
/// `meta/applied`, in any state: opening re-applies the log from there, and an event that a state
/// has is left out.
///
/// With a state goes its trail: the events applied to it since it was stored last. It goes first and
/// through the write-ahead log, as the blob does not: no blob is ever on the disk without the trail
/// and the log of what it contains.
actor StateWriter {
    private let cache: StateCache
    private let records: RecordWriter
    /// The place in the log of the last event that the states may have.
    private let lastSequence: @Sendable () -> UInt64
    private let pace: Pace
    /// Writing waits for the disk, and encoding takes its time: no thread that scores does either.
    private let executor = OwnThread(label: "assay.features.states")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private var writes: UInt64 = 0
    private var running: Task<Void, any Error>?
    private var storedThrough = [UInt64](repeating: 0, count: StateCache.stripeCount)
    /// The stripe that is next.
    private var hand = 0
    /// The last event when a stripe's turn came.
    private var turn: UInt64?

    struct Pace {
        /// Events for which a round lasts. Those of two rounds may be re-applied at start.
        var round: Int
        /// Memory of changed states above which stripes take their turns earlier.
        var dirtyBytes: Int
    }

    /// States taken from a stripe while it is held, and written in one batch.
    static let pieceStates = 16

    init(
        cache: StateCache, records: RecordWriter, pace: Pace,
        lastSequence: @escaping @Sendable () -> UInt64
    ) {
        self.cache = cache
        self.records = records
        self.pace = pace
        self.lastSequence = lastSequence
    }

    /// Stores everything that is dirty now, and returns when it is on the disk. Calls of this and of
    /// ``follow()`` are served one after the other.
    func flush() async throws {
        try await next { writer in
            for _ in 0..<StateCache.stripeCount { try await writer.visit() }
            try await writer.checkpoint()
        }
    }

    /// Stores what is due after the events that came since the last call.
    func follow() async throws {
        try await next { try await $0.takeTurns() }
    }

    private func next(_ body: @escaping (isolated StateWriter) async throws -> Void) async throws {
        let before = running
        let task = Task {
            _ = await before?.result
            try await body(self)
        }
        running = task
        try await task.value
    }

    private func takeTurns() async throws {
        let last = lastSequence()
        var position = min(turn ?? last, last)
        let step = UInt64(max(1, pace.round / StateCache.stripeCount))
        while last - position >= step || cache.dirtyBytes > pace.dirtyBytes {
            position = min(last, position + step)
            turn = position
            try await visit()
            if hand == 0 { try await checkpoint() }
        }
        turn = position
    }

    /// Stores what is dirty in the next stripe.
    private func visit() async throws {
        let place = hand
        hand = (hand + 1) % StateCache.stripeCount
        let stripe = cache.stripes[place]
        // Whoever was given a sequence up to here holds its stripes until its event is applied: what
        // is dirty once the stripe is held has all of these events.
        let horizon = lastSequence()
        writes += 1
        let number = writes
        var pieces: [(states: [CachedState], blobs: WriteBatch)] = []
        var isStored = false
        defer {
            for piece in pieces {
                stripe.locked { $0.finish(piece.states, write: number, isStored: isStored) }
            }
        }
        var left = stripe.locked(\.dirty.count)
        var logged: GroupCommit.Commit?
        while left > 0 {
            var taken = stripe.locked {
                $0.takeDirty(count: min(left, Self.pieceStates), write: number)
            }
            left -= taken.count
            var (trails, blobs) = (WriteBatch(), WriteBatch())
            let states = taken.map(\.cached)
            while let one = taken.popLast() {
                cache.put(one.trail, of: one.cached, in: &trails)
                cache.put(one.state, of: one.cached, in: &blobs)
            }
            pieces.append((states, blobs))
            logged = try await submit(trails)
        }
        // The rows of the events were submitted before the trails.
        try await logged?.wait()
        for piece in pieces { try cache.store.writeUnlogged(piece.blobs) }
        isStored = true
        storedThrough[place] = horizon
    }

    /// Brings what was stored to the disk, and says up to where it has the log.
    private func checkpoint() async throws {
        let applied = storedThrough.min() ?? 0
        try cache.store.flush([.state])
        var batch = WriteBatch()
        batch.put(
            StorageKey.applied(cache.generation), StorageKey.bigEndian(applied), in: .meta)
        try await submit(batch)?.wait()
    }

    /// Waits its turn when the log has a backlog: events come first.
    private func submit(_ batch: WriteBatch) async throws -> GroupCommit.Commit? {
        while true {
            do throws(StorageError) {
                return try records.submit(batch)
            } catch {
                guard error.code == .busy else { throw error }
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}
