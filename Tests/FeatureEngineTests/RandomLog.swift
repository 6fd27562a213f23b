import FeatureEngine

/// An event of a random log and how it is delivered.
struct LoggedEvent {
    let event: EngineEvent
    let touches: UInt64
    let sequence: UInt64

    func apply(to state: inout FeatureState, _ delivery: Delivery = .first) -> Applied {
        state.apply(event, touches: touches, sequence: sequence, delivery: delivery)
    }
}

/// The events of one entity: payments (type 0: amount, channel, merchant, balance), labels (type 1:
/// time of the payment), credits (type 2: merchant, amount).
struct RandomLog {
    var random: SeededGenerator
    private var now: Int64
    private let pace: Int64
    private let merchants: UInt64
    private let merchantSalt: UInt64
    /// Nil: now and then an event is far too late.
    private let maximumLateness: Int64?

    init(seed: UInt64, maximumPace: Int64 = 2_000_000_000, maximumLateness: Int64? = nil) {
        random = SeededGenerator(seed: seed)
        // From a second to weeks between two events.
        let scale = Int64.random(in: 0...21, using: &random)
        pace = min(maximumPace, 1_000 << scale)
        now = Int64.random(in: 0...(pace * 200), using: &random)
        merchants = UInt64.random(in: 1...40, using: &random)
        merchantSalt = random.next()
        self.maximumLateness = maximumLateness
    }

    mutating func next(sequence: UInt64) -> LoggedEvent {
        now += Int64.random(in: 0...pace, using: &random)
        let isTied = Int.random(in: 0..<5, using: &random) == 0
        let isFar = maximumLateness == nil && Int.random(in: 0..<6, using: &random) == 0
        let lateness = isFar ? pace * 300 : maximumLateness ?? pace
        let time = isTied ? now : max(0, now - Int64.random(in: 0...lateness, using: &random))
        var filters = EventFilters()
        for filter in [3, 64, 200] where Bool.random(using: &random) { filters.insert(filter) }
        let (type, values) = fields(time)
        return LoggedEvent(
            event: EngineEvent(type: type, time: time, values: values, filters: filters),
            touches: [0b01, 0b01, 0b10, 0b11][Int.random(in: 0..<4, using: &random)],
            sequence: sequence)
    }

    private mutating func fields(_ time: Int64) -> (Int, [Int64?]) {
        let isMissing = Int.random(in: 0..<6, using: &random) == 0
        let amount: Int64? =
            isMissing ? nil : Int64.random(in: -5_000...1_000_000, using: &random)
        let merchant = Int64(
            bitPattern: SeededGenerator.mix(
                UInt64.random(in: 0..<merchants, using: &random) &+ merchantSalt))
        switch Int.random(in: 0..<8, using: &random) {
        case 0:
            let isEarly = Bool.random(using: &random)
            // Sometimes a payment that lies, impossibly, after its label.
            let payment =
                time - Int64.random(in: isEarly ? 0...(pace * 40) : -pace...0, using: &random)
            return (1, [isMissing ? nil : payment])
        case 1: return (2, [merchant, amount])
        default:
            let channel = Int64.random(in: -1...5, using: &random)
            let balance = amount.map { $0 / 7 }
            return (0, [amount, channel, isMissing ? nil : merchant, balance])
        }
    }
}
