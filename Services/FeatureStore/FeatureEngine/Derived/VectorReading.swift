public import RuleLanguage

/// The values of one vector.
public struct VectorValues: Sendable {
    public var values: [Double]
    /// One status byte beside each value.
    public var status: [UInt8]
    /// The time the values hold for: the event's, or the latest clock of a state they depend on.
    public let time: Int64
    /// Whether the store could not give some of them.
    public let isDegraded: Bool
}

/// One read of the vectors of a plan: begin with the event, then read the state of each entity it
/// names, then finish. A state may be read again, as after a conflict: the last time counts.
public struct VectorReading: Sendable {
    /// What a reading holds at first.
    struct Memory: Sendable {
        /// How many features each has.
        let parts: [Int]
        let steps: Int
        /// Of each scope.
        let facts: [FactSchema]
    }

    /// Set while the plan lends this.
    var plan: VectorPlan?
    /// Of the plan's scopes.
    var scopes: [ScopeReading]
    /// Of each part.
    var values: [[FeatureValue]]
    var known: [Status?]
    /// By which of the event's entities: of several the first it names.
    private var named: [Int]
    var times: [Int64]
    private var results: [FeatureValue]
    private var isDefault: [Bool]
    private(set) var time: Int64 = 0
    private(set) var event: EventInput?
    var tokens = TokenTexts()
    /// Positions of rows, ordered by time.
    var order: [Int] = []
    /// Counts by class.
    var counts: [Int64] = []

    private static let absent = FeatureValue(FeatureValue.missing, Status(.absent))

    init(_ memory: Memory) {
        scopes = memory.facts.map { ScopeReading($0) }
        values = memory.parts.map { [FeatureValue](repeating: Self.absent, count: $0) }
        known = memory.parts.map { _ in nil }
        named = memory.parts.map { _ in Int.max }
        times = memory.parts.map { _ in 0 }
        results = [FeatureValue](repeating: Self.absent, count: memory.steps)
        isDefault = [Bool](repeating: false, count: memory.steps)
    }

    // MARK: Beginning

    /// Begins with the event at hand; its time is the time of the read.
    public mutating func begin(_ event: EventInput, tokens: TokenTexts = TokenTexts()) {
        guard let plan else { return }
        reset(event.event.time, tokens)
        self.event = event
        for (scope, declared) in plan.scopes.enumerated() {
            for (slot, source, _) in declared.eventFacts {
                guard case .field(let fields) = source else {
                    scopes[scope].set(slot, instant)
                    continue
                }
                let field = event.event.type < fields.count ? fields[event.event.type] : nil
                let type = scopes[scope].type(of: slot)
                scopes[scope].set(slot, field.flatMap { event.scalar($0, as: type) })
            }
        }
    }

    private var instant: Scalar? { Instant(milliseconds: time).map(Scalar.timestamp) }

    /// Begins without an event, but perhaps with some of the fields one would have: `tx.amount`.
    public mutating func begin(
        at time: Int64, fields: [String: Scalar] = [:], tokens: TokenTexts = TokenTexts()
    ) {
        guard let plan else { return }
        reset(time, tokens)
        for (scope, declared) in plan.scopes.enumerated() {
            for (slot, source, name) in declared.eventFacts {
                scopes[scope].set(slot, source == .eventTime ? instant : fields[name])
            }
        }
    }

    private mutating func reset(_ time: Int64, _ tokens: TokenTexts) {
        event = nil
        self.time = time
        self.tokens = tokens
        for part in known.indices {
            known[part] = Status(.absent)
            named[part] = .max
            times[part] = time
            // What is read after the apply, if nobody does that, is not the value of another call.
            guard plan?.parts[part].readsAfterApply == true else { continue }
            for index in values[part].indices { values[part][index] = Self.absent }
        }
        for scope in scopes.indices { scopes[scope].removeAll() }
    }

    // MARK: States

    /// Reads what does not contain the event at hand: call this before the event is applied.
    ///
    /// - Parameters:
    ///   - touches: which of the entities that the event names this state is, as a bit mask.
    ///   - flags: what is to be said of all values, as of a relaxed entity.
    public mutating func read(
        _ state: borrowing FeatureState, touches: UInt64, flags: Status.Flags = []
    ) {
        var rest = parts(touches)
        while rest != 0 {
            read(state, part: rest.trailingZeroBitCount, flags, .beforeApply)
            rest &= rest - 1
        }
    }

    /// Reads the state of an entity where there is no event that names it.
    public mutating func read(
        _ state: borrowing FeatureState, as entity: EntityRole, flags: Status.Flags = []
    ) {
        guard let part = plan?.parts.firstIndex(where: { $0.entity == entity }) else { return }
        read(state, part: part, flags, .all)
    }

    private mutating func read(
        _ state: borrowing FeatureState, part: Int, _ flags: Status.Flags, _ reads: ReadPart
    ) {
        guard let own = plan?.parts[part] else { return }
        known[part] = nil
        times[part] = state.readTime(time)
        state.read(
            own.plan, at: time, event: event?.event, own.readsAfterApply ? reads : .all,
            into: &values[part])
        if !own.slots.isEmpty { fill(own, from: state, flags) }
        flag(part, flags)
    }

    /// Reads what does contain it, where ``VectorPlan/readsAfterApply``.
    public mutating func readAfterApply(
        _ state: borrowing FeatureState, touches: UInt64, flags: Status.Flags = []
    ) {
        var rest = parts(touches)
        while rest != 0 {
            let part = rest.trailingZeroBitCount
            rest &= rest - 1
            guard let own = plan?.parts[part], own.readsAfterApply else { continue }
            state.read(own.plan, at: time, event: event?.event, .afterApply, into: &values[part])
            flag(part, flags)
        }
    }

    /// An entity whose state the store cannot give, or the caller may not see.
    public mutating func mark(touches: UInt64, _ kind: Status.Class) {
        var rest = parts(touches)
        while rest != 0 {
            mark(part: rest.trailingZeroBitCount, kind)
            rest &= rest - 1
        }
    }

    public mutating func mark(_ entity: EntityRole, _ kind: Status.Class) {
        guard let part = plan?.parts.firstIndex(where: { $0.entity == entity }) else { return }
        mark(part: part, kind)
    }

    private mutating func mark(part: Int, _ kind: Status.Class) {
        guard let own = plan?.parts[part] else { return }
        known[part] = Status(kind)
        times[part] = time
        for slot in own.slots { scopes[own.scope].clear(slot, Status(kind)) }
    }

    /// The parts that entities of the event are.
    private mutating func parts(_ touches: UInt64) -> UInt64 {
        guard let plan, let type = event?.event.type, type < plan.partsOfTouches.count else {
            return 0
        }
        let masks = plan.partsOfTouches[type]
        var (parts, rest): (UInt64, UInt64) = (0, touches)
        while rest != 0 {
            let touch = rest.trailingZeroBitCount
            rest &= rest - 1
            guard touch < masks.count else { continue }
            var mask = masks[touch]
            while mask != 0 {
                let part = mask.trailingZeroBitCount
                mask &= mask - 1
                guard touch <= named[part] else { continue }
                named[part] = touch
                parts |= 1 << UInt64(part)
            }
        }
        return parts
    }

    private mutating func flag(_ part: Int, _ flags: Status.Flags) {
        guard !flags.isEmpty else { return }
        for index in values[part].indices { values[part][index].status.byte |= flags.rawValue }
    }

    // MARK: Finishing

    /// Computes the derived features and gives the values of each vector, in the plan's order.
    public mutating func finish() -> [VectorValues] {
        guard let plan else { return [] }
        for (part, status) in known.enumerated() {
            guard let status else { continue }
            let defaults = plan.parts[part].defaults
            for index in defaults.indices {
                values[part][index] = FeatureValue(defaults[index], status)
            }
        }
        for (scope, declared) in plan.scopes.enumerated() {
            for (slot, place) in declared.featureFacts {
                guard case .state(let part, let index) = place else { continue }
                scopes[scope].set(slot, values[part][index])
            }
        }
        for index in plan.steps.indices { compute(index, plan) }
        return plan.vectors.map { values(of: $0) }
    }

    private mutating func compute(_ index: Int, _ plan: VectorPlan) {
        let step = plan.steps[index]
        let scope = step.scope
        if let slot = step.time {
            let time = readTime(step.parts)
            scopes[scope].set(slot, Instant(milliseconds: time).map(Scalar.timestamp))
        }
        (results[index], isDefault[index]) = scopes[scope].value(
            of: step, plan.scopes[scope].program)
        for target in step.targets { scopes[target.scope].set(target.slot, results[index]) }
    }

    private func readTime(_ parts: UInt64) -> Int64 {
        var latest = time
        var rest = parts
        while rest != 0 {
            latest = max(latest, times[rest.trailingZeroBitCount])
            rest &= rest - 1
        }
        return latest
    }

    private func values(of vector: VectorPlan.Vector) -> VectorValues {
        var isDegraded = false
        let count = vector.columns.count
        var status = [UInt8](repeating: 0, count: count)
        let numbers = [Double](unsafeUninitializedCapacity: count) { numbers, filled in
            for (index, column) in vector.columns.enumerated() {
                let (value, hasNone) = value(of: column)
                status[index] = value.status.byte
                isDegraded = isDegraded || value.status.kind == .unavailable
                numbers.initializeElement(
                    at: index, to: hasNone ? column.defaultValue : value.number / column.divisor)
            }
            filled = count
        }
        return VectorValues(
            values: numbers, status: status, time: readTime(vector.parts), isDegraded: isDegraded)
    }

    /// The value of a column, and whether the default stands for it.
    private func value(of column: VectorPlan.Column) -> (FeatureValue, hasNone: Bool) {
        switch column.place {
        case .state(let part, let index):
            let value = values[part][index]
            let kind = value.status.kind
            return (value, kind >= .absent || (kind == .empty && column.emptyIsDefault))
        case .derived(let step):
            return (results[step], isDefault[step])
        }
    }
}
