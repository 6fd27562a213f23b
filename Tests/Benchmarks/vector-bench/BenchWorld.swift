import FeatureEngine

/// One state of each entity type, and events that touch them all, made up from the definitions.
struct BenchWorld {
    let set: DefinitionSet
    var states: [FeatureState]
    private var clock: Int64 = 1_760_000_000_000
    private var sequence: UInt64 = 0
    private var random = Generator(state: 7)

    /// SplitMix64.
    struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
            return mixed ^ mixed >> 31
        }
    }

    init(_ set: DefinitionSet) {
        self.set = set
        states = set.entities.map { FeatureState(group: $0.group, groupHash: 7) }
    }

    static func hash(_ text: String) -> UInt64 {
        text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    /// Nine of ten events are payments.
    mutating func fill(_ events: Int) {
        for _ in 0..<events {
            clock += Int64.random(in: 0...600_000, using: &random)
            let isPayment = Int.random(in: 0..<10, using: &random) > 0
            let type = isPayment ? nil : Int.random(in: set.events.indices, using: &random)
            apply(complete(event(type ?? set.event(named: "payment") ?? 0)))
        }
    }

    mutating func payment() -> EventInput { event(set.event(named: "payment") ?? 0) }

    func complete(_ input: EventInput) -> EventInput {
        set.expressions[input.event.type].complete(input, hash: Self.hash).input
    }

    /// The entities of an event, each with the places in which it names them: all are named.
    func touched(by input: EventInput) -> [(entity: Int, touches: UInt64)] {
        var found: [Int: UInt64] = [:]
        for (position, touch) in set.events[input.event.type].touches.enumerated() {
            found[touch.entity, default: 0] |= 1 << UInt64(position)
        }
        return found.sorted { $0.key < $1.key }.map { (entity: $0.key, touches: $0.value) }
    }

    private mutating func apply(_ input: EventInput) {
        sequence += 1
        for (entity, touches) in touched(by: input) {
            _ = states[entity].apply(
                input.event, touches: touches, sequence: sequence, delivery: .first)
        }
    }

    private mutating func event(_ type: Int) -> EventInput {
        var words: [Int64?] = []
        var texts: [String?] = []
        for field in set.events[type].fields {
            let (word, text) = value(field)
            words.append(word)
            texts.append(text)
        }
        return EventInput(EngineEvent(type: type, time: clock, values: words), texts: texts)
    }

    private mutating func value(_ field: FieldDefinition) -> (Int64?, String?) {
        switch field.type {
        case .string:
            let text = "\(field.name)-\(Int.random(in: 0..<40, using: &random))"
            return (Int64(bitPattern: Self.hash(text)), text)
        case .int, .money:
            let least = field.minimum ?? 0
            let most = max(least, min(field.maximum ?? 10_000, least + 500_000))
            return (Int64.random(in: least...most, using: &random), nil)
        case .double:
            let number = Double.random(in: 0..<100, using: &random)
            return (Int64(bitPattern: number.bitPattern), nil)
        case .bool: return (Int64.random(in: 0...1, using: &random), nil)
        case .timestamp, .date:
            return (clock - Int64.random(in: 0...8_640_000_000, using: &random), nil)
        case .place:
            let latitude = Int32.random(in: 400_000_000...500_000_000, using: &random)
            let longitude = Int32.random(in: 0...100_000_000, using: &random)
            return (ValueKind.place(latitude: latitude, longitude: longitude), nil)
        case .category:
            let labels = field.enumeration.map { set.enumerations[$0].labels.count } ?? 1
            return (Int64.random(in: 0..<Int64(labels), using: &random), nil)
        }
    }
}
