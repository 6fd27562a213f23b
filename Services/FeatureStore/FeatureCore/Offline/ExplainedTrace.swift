internal import AssayMessages
internal import FeatureEngine
internal import Wire

/// What a read takes from one state, and the events that this was made of.
struct ExplainedTrace {
    private var history: EntityHistory
    private let moment: ExplainedMoment
    private let reference: EntityReference
    private var tiles: [ContributingTile] = []

    init(_ history: EntityHistory, _ reference: EntityReference, _ moment: ExplainedMoment) {
        self.history = history
        self.reference = reference
        self.moment = moment
        version = history.state.version
        time = history.state.readTime(moment.time)
    }

    /// Of the state before the event at hand.
    let version: UInt64
    /// The time the value holds for.
    let time: Int64

    private var definition: EntityDefinition { moment.definitions.entities[reference.entity] }
    private var flags: Status.Flags { definition.isRelaxed ? .eventual : [] }

    // MARK: Reading

    mutating func read(_ read: FeatureRead) -> FeatureValue {
        if read.includesSelf, let event = moment.event, reference.touches != 0 {
            history.apply(
                event, moment.eventID, touches: reference.touches, sequence: moment.sequence)
        }
        let event = moment.event?.engineEvent
        let plan = ReadPlan([read], group: definition.group)
        let value = history.state.read(plan, at: moment.time, event: event)[0]
        tiles = definition.group.contributions(
            history.events, to: read, at: history.state.readTime(moment.time), event: event)
        return FeatureValue(
            value.number, Status(value.status.kind, value.status.flags.union(flags)))
    }

    mutating func read(_ source: FactSource) -> FeatureValue {
        switch source {
        case .readTime, .eventTime, .field: return FeatureValue(0, Status(.absent))
        case .feature(let feature):
            guard case .state(_, let read) = moment.definitions.features.features[feature].source
            else { return FeatureValue(0, Status(.absent)) }
            return self.read(read)
        case .register(_, let register, let column): return read(register, column)
        case .table(_, let table, _):
            tiles = definition.group.contributions(history.events, toTable: table, at: time)
            return count(history.state.table(table, at: moment.time))
        case .recent(_, let list, _):
            tiles = definition.group.contributions(history.events, toRecent: list, at: time)
            return count(history.state.recent(list, at: moment.time))
        case .counts(_, let measure, let tier, let window, let lag, _):
            let (counts, status) = history.state.classes(
                of: measure, tier: tier, window: window, lag: lag, at: moment.time)
            let read = AggregateRead(
                aggregate: .count, measure: measure, tier: tier, window: window, lag: lag)
            tiles = definition.group.contributions(history.events, to: .aggregate(read), at: time)
            return FeatureValue(
                Double(counts.reduce(0) { $0 + $1.count }),
                Status(status.kind, status.flags.union(flags)))
        }
    }

    private mutating func read(_ register: Int, _ column: RowColumn) -> FeatureValue {
        let declared = definition.group.registers[register]
        guard let row = history.state.register(register, at: moment.time) else {
            let kind = declared.isSnapshot ? Status.Class.absent : .empty
            return FeatureValue(FeatureValue.missing, Status(kind, flags))
        }
        let since = RegisterRead(register: register, aspect: .secondsSince)
        tiles = definition.group.contributions(history.events, to: .register(since), at: time)
        let own = flags.union(declared.flags(of: row, at: time))
        switch column {
        case .time: return FeatureValue(Double(row.time) / 1_000, Status(.present, own))
        case .value(let index):
            let kind = row.value(index) == nil ? Status.Class.absent : .present
            return FeatureValue(row.number(index) ?? FeatureValue.missing, Status(kind, own))
        case .sum, .key: return FeatureValue(FeatureValue.missing, Status(.absent, own))
        }
    }

    private func count(_ rows: StoredRows) -> FeatureValue {
        let count = rows.positions.count { rows.row($0) != nil }
        let own = rows.isFull ? flags.union(.incomplete) : flags
        return FeatureValue(Double(count), Status(count == 0 ? .empty : .present, own))
    }

    // MARK: What was found

    /// The ids of the events that count, by their places in the log.
    var named: [UInt64: String] {
        var named: [UInt64: String] = [:]
        for sequence in tiles.lazy.flatMap(\.sequences) { named[sequence] = history.ids[sequence] }
        return named
    }

    /// The same, in the order in which they were applied.
    var ids: [String] {
        let named = named
        return history.events.compactMap { named[$0.sequence] }
    }

    func messages(_ limit: Int) -> [AssayFeaturesV1.ExplainedTile] {
        tiles.prefix(limit).map {
            AssayFeaturesV1.ExplainedTile(
                start: Timestamp(milliseconds: max(0, $0.start)), lengthMs: UInt64($0.length),
                events: UInt64($0.sequences.count))
        }
    }
}
