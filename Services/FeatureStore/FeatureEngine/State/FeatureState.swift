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
    public private(set) var group: Group
    /// Binds the state to the meaning of its group, and to its tenant.
    public let groupHash: UInt64
    /// Starts at the sequence of the first event and grows by one with each; 0 before the first.
    public internal(set) var version: UInt64 = 0
    /// The greatest event time applied, in milliseconds; 0 before the first (R2).
    public internal(set) var clock: Int64 = 0
    var ring = SequenceRing()
    var tiles: [Tiles]
    var registers: Registers
    var attributes: [AttributeValues]
    var tables: [TableRows]
    var recents: [RecentRows]

    public init(group: Group, groupHash: UInt64) {
        self.group = group
        self.groupHash = groupHash
        // Shared by all states that hold nothing yet: each part is copied when it first changes.
        tiles = group.empty.tiles
        registers = group.empty.registers
        attributes = group.empty.attributes
        tables = group.empty.tables
        recents = group.empty.recents
    }

    /// Goes on under a group of the same meaning that other definitions compiled: what it keeps is the
    /// same, in the same order; event types and fields may have moved.
    public mutating func rebind(to group: Group) {
        precondition(
            group.measures.count == self.group.measures.count && group.tiers == self.group.tiers
                && group.registers.count == self.group.registers.count)
        self.group = group
    }

    /// The highest sequence applied; 0 before the first.
    public var highestSequence: UInt64 { ring.highest }

    /// The version that an event made, as far back as the ring reaches; nil if it is not there.
    public func version(madeBy sequence: UInt64) -> UInt64? {
        ring.entries.first { $0.sequence == sequence }?.version
    }

    /// The 64 highest sequences applied, each with the version it made.
    public var recent: [(sequence: UInt64, version: UInt64)] {
        ring.entries.map { ($0.sequence, $0.version) }
    }

    /// The version that applying an event of this sequence would make.
    public func nextVersion(sequence: UInt64) -> UInt64 { version == 0 ? sequence : version + 1 }

    /// Bytes of memory the state takes, roughly.
    public var byteCount: Int {
        var bytes = 256 + ring.entries.count * 16 + registers.rows.byteCount
        for tiles in tiles { bytes += tiles.byteCount }
        for attribute in attributes { bytes += attribute.byteCount }
        for table in tables { bytes += table.rows.byteCount }
        for list in recents { bytes += list.rows.byteCount }
        return bytes
    }

    /// Adds an event to the state.
    ///
    /// - Parameters:
    ///   - touches: bit i says that the entity i of the event type's list is this state's: an event
    ///     that names one key in two roles is one call with both bits.
    ///   - sequence: the event's place in the log, from 1 to Int64's limit.
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
        // In place: a program is five arrays, and each event goes through it for each of its states.
        group.programs.withUnsafeBufferPointer { programs in
            guard event.type < programs.count else { return }
            programs[event.type].measures.withUnsafeBufferPointer {
                count(event, touches: touches, $0)
            }
            store(event, touches: touches, sequence: sequence, programs[event.type])
        }
        return .applied(version: version)
    }

    /// Moves the clock, and drops what no read can reach any more.
    private mutating func advance(to time: Int64) {
        let before = clock
        clock = time
        for index in tiles.indices { tiles[index].advance(to: time, group.tiers[index]) }
        for retention in group.retentions {
            let oldest = retention.oldest(at: time)
            guard oldest > retention.oldest(at: before), oldest > 0 else { continue }
            drop(retention.span, before: oldest)
        }
    }

    /// Drops what is remembered for `span` and was before `oldest`.
    private mutating func drop(_ span: Int64?, before oldest: Int64) {
        for index in registers.rows.indices where group.registerRetentions[index].span == span {
            registers.drop(index, group.registerLayouts[index], before: oldest)
        }
        for index in attributes.indices where group.attributeRetentions[index].span == span {
            attributes[index].drop(before: oldest, group.attributes[index])
        }
        for index in tables.indices where group.tableRetentions[index].span == span {
            tables[index].drop(before: oldest, group.tableLayouts[index])
        }
        for index in recents.indices where group.recentRetentions[index].span == span {
            recents[index].drop(before: oldest)
        }
    }

    private mutating func count(
        _ event: EngineEvent, touches: UInt64,
        _ measures: UnsafeBufferPointer<EventProgram.MeasureTake>
    ) {
        guard !measures.isEmpty else { return }
        withUnsafeTemporaryAllocation(of: Taken.self, capacity: measures.count) { buffer in
            var taken = 0
            for index in measures.indices {
                guard let found = Taken(measures[index], event, touches: touches) else { continue }
                buffer.initializeElement(at: taken, to: found)
                taken += 1
            }
            guard taken > 0 else { return }
            let all = UnsafeMutableBufferPointer(rebasing: buffer[..<taken])
            let clock = clock
            group.layouts.withUnsafeBufferPointer { layouts in
                tiles.withUnsafeMutableBufferPointer { tiles in
                    for index in tiles.indices {
                        tiles[index].add(all, layout: layouts[index], clock: clock)
                    }
                }
            }
        }
    }

    /// Enters the event in registers, attributes, tables and lists, unless it is forgotten already.
    private mutating func store(
        _ event: EngineEvent, touches: UInt64, sequence: UInt64, _ program: borrowing EventProgram
    ) {
        for feed in program.registers where feed.takes(event, touches: touches, clock: clock) {
            registers.set(event, sequence: sequence, feed)
        }
        for feed in program.attributes where feed.takes(event, touches: touches, clock: clock) {
            guard let word = feed.source.value(0, of: event) else { continue }
            attributes[feed.target].see(UInt64(bitPattern: word), at: event.time, feed)
        }
        for feed in program.tables where feed.takes(event, touches: touches, clock: clock) {
            tables[feed.target].add(event, sequence: sequence, feed)
        }
        for feed in program.recents where feed.takes(event, touches: touches, clock: clock) {
            recents[feed.target].add(event, sequence: sequence, feed)
        }
    }
}

extension FeatureState: Equatable {
    public static func == (a: FeatureState, b: FeatureState) -> Bool {
        a.group === b.group && a.groupHash == b.groupHash && a.version == b.version
            && a.clock == b.clock && a.ring == b.ring && a.tiles == b.tiles
            && a.registers == b.registers && a.attributes == b.attributes && a.tables == b.tables
            && a.recents == b.recents
    }
}
