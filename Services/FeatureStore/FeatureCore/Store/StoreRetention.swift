internal import FeatureEngine
public import Storage
internal import Synchronization

/// Which rows of a feature store have had their time.
///
/// Readers go by it at once. The store drops such rows when it rewrites its files, which may be
/// much later; `log` and `served` grow at one end only, so their old files are dropped as a whole.
public final class StoreRetention: Sendable {
    /// Rows of the log below this sequence are gone; those of `served` below the other.
    private let logFloor = Atomic<UInt64>(0)
    private let replyFloor = Atomic<UInt64>(0)
    private let states = Mutex(States())

    private struct States {
        var now: Int64 = 0
        /// By tenant-free beginning of their keys: generation and entity type.
        var lives: [[UInt8]: StateLife] = [:]
    }

    public init() {}

    /// What a store of these families must be opened with.
    public var expiry: [Family: any RowExpiry] {
        [
            .log: BelowSequence(retention: self, place: .key, isReply: false),
            .served: BelowSequence(retention: self, place: .key, isReply: true),
            .ids: BelowSequence(retention: self, place: .value, isReply: false),
            .trail: BelowSequence(retention: self, place: .lastOfValue, isReply: false),
            .state: PastLife(retention: self),
        ]
    }

    /// Whether the event of this sequence is still in the log.
    func keepsEvent(_ sequence: UInt64) -> Bool {
        sequence >= logFloor.load(ordering: .relaxed)
    }

    /// Whether the reply to the event of this sequence is still to be given.
    func keepsReply(_ sequence: UInt64) -> Bool {
        sequence >= replyFloor.load(ordering: .relaxed)
    }

    /// Moves the floors up to where `now` puts them.
    func advance(_ log: EventLog, at now: Int64, _ configuration: FeatureStoreConfiguration) throws
    {
        let logs = try log.firstSequence(receivedFrom: now - configuration.logRetention)
        let replies = try log.firstSequence(receivedFrom: now - configuration.replyRetention)
        logFloor.max(logs, ordering: .relaxed)
        replyFloor.max(replies, ordering: .relaxed)
        let definitions = log.pipeline.definitions
        let lives = definitions.lives
        states.withLock { states in
            states.now = now
            for (index, entity) in definitions.entities.enumerated() {
                let key = StorageKey.stateInfix(definitions.generation, entity: entity.name)
                states.lives[key] = lives[index]
            }
        }
        try log.store.discard(.log, below: StorageKey.log(logs))
        try log.store.discard(.served, below: StorageKey.log(replies))
    }

    /// A row that belongs to a place in the log, and goes with it.
    private struct BelowSequence: RowExpiry {
        enum Place { case key, value, lastOfValue }

        let retention: StoreRetention
        let place: Place
        let isReply: Bool

        func isExpired(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool {
            let bytes =
                switch place {
                case .key: key.prefix(8)
                case .value: value.prefix(8)
                case .lastOfValue: value.suffix(8)
                }
            guard let sequence = StorageKey.sequence(bytes) else { return false }
            return isReply ? !retention.keepsReply(sequence) : !retention.keepsEvent(sequence)
        }
    }

    /// A blob whose state would be empty for any event that comes now. A day is left, for clocks
    /// that went back.
    private struct PastLife: RowExpiry {
        let retention: StoreRetention

        func isExpired(_ key: UnsafeRawBufferPointer, _ blob: UnsafeRawBufferPointer) -> Bool {
            guard let infix = StorageKey.stateInfix(ofKey: key), blob.count > 32 else {
                return false
            }
            let clock = Int64(littleEndian: blob.loadUnaligned(fromByteOffset: 24, as: Int64.self))
            return retention.states.withLock { states in
                states.lives[infix]?.isOver(clock: clock, at: states.now - StateLife.day) ?? false
            }
        }
    }
}
