/// Makes states as entities would have them, to see how large they are.
struct StateSample {
    private let entity: EntityDefinition
    /// An event type that touches the entity.
    private struct Touching {
        let event: EventDefinition
        let position: Int
        let touches: UInt64
    }

    private let events: [Touching]
    private let snapshots: [Touching]
    private static let days = 91

    init(of entity: EntityDefinition, in set: DefinitionSet) {
        self.entity = entity
        let index = set.entity(named: entity.name)
        let touching = set.events.enumerated().compactMap { position, event -> Touching? in
            // One role: an event seldom names an entity in two.
            let touch = event.touches.firstIndex { $0.entity == index }
            return touch.map {
                Touching(event: event, position: position, touches: UInt64(1) << UInt64($0))
            }
        }
        events = touching.filter { $0.event.kind != .snapshot }
        snapshots = touching.filter { $0.event.kind == .snapshot }
    }

    /// The blob of a state with a snapshot of each type and so many events a day, of all other
    /// types in turn, for a quarter. One that nothing touches is never stored.
    func bytes(eventsPerDay: Int) -> Int {
        var random = SplitMix64(seed: 1)
        var state = FeatureState(group: entity.group, groupHash: 0)
        let start: Int64 = 1_760_000_000_000
        let length = Int64(Self.days) * 86_400_000
        let count = events.isEmpty ? 0 : Int64(Self.days * eventsPerDay)
        var sequence: UInt64 = 0
        func apply(_ type: Touching, at time: Int64) {
            sequence += 1
            let event = EngineEvent(
                type: type.position, time: time, values: values(of: type.event, at: time, &random),
                filters: filters(of: type.event, &random))
            _ = state.apply(event, touches: type.touches, sequence: sequence, delivery: .first)
        }
        for snapshot in snapshots { apply(snapshot, at: start) }
        for number in 0..<count {
            let type = events[Int(random.below(UInt64(events.count)))]
            apply(type, at: start + number * (length / count) + Int64(random.below(60_000)))
        }
        return sequence == 0 ? 0 : state.encode().count
    }

    /// Amounts spread over four orders of magnitude, texts of which few are frequent.
    private func values(
        of event: EventDefinition, at time: Int64, _ random: inout SplitMix64
    ) -> [Int64?] {
        event.fields.map { field in
            switch field.kind {
            case .integer:
                let magnitude = Int64(1) << Int64(random.below(14))
                let value = magnitude * 10 + Int64(random.below(1_000))
                return min(max(value, field.minimum ?? .min), field.maximum ?? .max)
            case .time: return time - Int64(random.below(86_400_000))
            case .code: return Int64(random.below(4))
            case .flag: return Int64(random.below(2))
            case .hash:
                let rank = random.below(1 + random.below(400))
                return Int64(bitPattern: (rank &+ 1) &* 0x9E37_79B9_7F4A_7C15)
            case .double: return Int64(bitPattern: Double(random.below(100_000)).bitPattern)
            case .place: return Int64(bitPattern: random.next())
            }
        }
    }

    private func filters(
        of event: EventDefinition, _ random: inout SplitMix64
    ) -> EventFilters {
        var filters = EventFilters()
        for filter in event.filters.indices where random.below(4) == 0 { filters.insert(filter) }
        return filters
    }
}
