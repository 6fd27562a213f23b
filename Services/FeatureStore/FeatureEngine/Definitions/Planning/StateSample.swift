/// Makes states as entities would have them, to see how large they are.
struct StateSample {
    private let entity: EntityDefinition
    /// What touches the entity: event type and roles.
    private let events: [(event: EventDefinition, position: Int, touches: UInt64)]
    private static let days = 91

    init(of entity: EntityDefinition, in set: DefinitionSet) {
        self.entity = entity
        let index = set.entity(named: entity.name)
        events = set.events.enumerated().compactMap { position, event in
            guard event.kind != .snapshot else { return nil }
            // One role: an event seldom names an entity in two.
            let touch = event.touches.firstIndex { $0.entity == index }
            return touch.map { (event, position, UInt64(1) << UInt64($0)) }
        }
    }

    /// The blob of a state with so many events a day, of all its types in turn, for a quarter.
    func bytes(eventsPerDay: Int) -> Int {
        var random = SplitMix64(state: 1)
        var state = FeatureState(group: entity.group, groupHash: 0)
        guard !events.isEmpty else { return state.encode().count }
        let start: Int64 = 1_760_000_000_000
        let length = Int64(Self.days) * 86_400_000
        let count = Int64(Self.days * eventsPerDay)
        for number in 0..<count {
            let (event, position, touches) = events[Int(random.below(UInt64(events.count)))]
            let time = start + number * (length / count) + Int64(random.below(60_000))
            let engineEvent = EngineEvent(
                type: position, time: time, values: values(of: event, at: time, &random),
                filters: filters(of: event, &random))
            _ = state.apply(
                engineEvent, touches: touches, sequence: UInt64(number) + 1, delivery: .first)
        }
        return state.encode().count
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

/// A small generator of numbers that look random (Steele, Lea and Flood 2014): the same everywhere.
private struct SplitMix64 {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    mutating func below(_ bound: UInt64) -> UInt64 { next().multipliedFullWidth(by: bound).high }
}
