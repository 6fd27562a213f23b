/// Whether the caller has just claimed the event's id, or may have applied the event before.
public enum Delivery: Hashable, Sendable {
    case first, again
}

/// What applying an event did.
public enum Applied: Hashable, Sendable {
    /// The state now has this version.
    case applied(version: UInt64)
    /// The state contains the event already; nothing was changed.
    case alreadyApplied
    /// The ring no longer reaches back to this sequence; nothing was changed.
    case uncertain
}

/// What the store knows of one entity: a value that is a function of the events applied to it.
public struct FeatureState: Sendable {
    public let group: Group
    /// Binds the state to the meaning of its group, and to its tenant.
    public let groupHash: UInt64
    /// Starts at the sequence of the first event and grows by one with each; 0 before the first.
    public internal(set) var version: UInt64 = 0
    /// The greatest event time applied, in milliseconds; 0 before the first (R2).
    public internal(set) var clock: Int64 = 0
    var ring = SequenceRing()
    var tiles: [Tiles]

    public init(group: Group, groupHash: UInt64) {
        self.group = group
        self.groupHash = groupHash
        tiles = group.layouts.map(Tiles.init)
    }

    /// The highest sequence applied; 0 before the first.
    public var highestSequence: UInt64 { ring.highest }

    /// The version that applying an event of this sequence would make.
    public func nextVersion(sequence: UInt64) -> UInt64 { version == 0 ? sequence : version + 1 }

    /// Bytes of memory the state takes, roughly.
    public var byteCount: Int {
        tiles.reduce(128 + ring.entries.count * 16) { $0 + $1.byteCount }
    }

    /// Adds an event to the state.
    ///
    /// - Parameters:
    ///   - touches: bit i says that the entity i of the event type's list is this state's: an event
    ///     that names one key in two roles is one call with both bits.
    ///   - sequence: the event's place in the log; not 0.
    public mutating func apply(
        _ event: EngineEvent, touches: UInt64, sequence: UInt64, delivery: Delivery
    ) -> Applied {
        if delivery == .again {
            switch ring.standing(of: sequence) {
            case .new: break
            case .applied: return .alreadyApplied
            case .unknown: return .uncertain
            }
        }
        version = nextVersion(sequence: sequence)
        ring.insert(sequence, version: version)
        if event.time > clock { advance(to: event.time) }
        if event.type < group.programs.count {
            count(event, touches: touches, group.programs[event.type].measures)
        }
        return .applied(version: version)
    }

    /// Moves the clock, and drops what no read can reach any more.
    private mutating func advance(to time: Int64) {
        clock = time
        for index in tiles.indices { tiles[index].advance(to: time, group.layouts[index]) }
    }

    private mutating func count(
        _ event: EngineEvent, touches: UInt64, _ measures: [EventProgram.MeasureTake]
    ) {
        guard !measures.isEmpty else { return }
        withUnsafeTemporaryAllocation(of: Taken.self, capacity: measures.count) { buffer in
            var taken = 0
            for take in measures {
                guard let found = Taken(take, event, touches: touches) else { continue }
                buffer.initializeElement(at: taken, to: found)
                taken += 1
            }
            guard taken > 0 else { return }
            let all = UnsafeMutableBufferPointer(rebasing: buffer[..<taken])
            for index in tiles.indices {
                tiles[index].add(all, layout: group.layouts[index], clock: clock)
            }
        }
    }
}

extension FeatureState: Equatable {
    public static func == (a: FeatureState, b: FeatureState) -> Bool {
        a.group === b.group && a.groupHash == b.groupHash && a.version == b.version
            && a.clock == b.clock && a.ring == b.ring && a.tiles == b.tiles
    }
}
