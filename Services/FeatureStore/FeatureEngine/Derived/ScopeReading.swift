internal import RuleLanguage

/// The facts that expressions of one role read, while vectors are read.
struct ScopeReading: Sendable {
    private var frame: FactFrame
    /// Of each fact.
    private var status: [Status]
    /// Whether rows beyond those that a fact holds may have been dropped.
    private var isBounded: [Bool]
    private var evaluator = Evaluator()

    init(_ facts: FactSchema) {
        frame = FactFrame(schema: facts)
        status = [Status](repeating: Status(.absent), count: facts.count)
        isBounded = [Bool](repeating: false, count: facts.count)
    }

    /// Makes all facts absent.
    mutating func removeAll() {
        frame.removeAll()
        for slot in status.indices {
            status[slot] = Status(.absent)
            isBounded[slot] = false
        }
    }

    func type(of slot: Int) -> ValueType { frame.schema.facts[slot].type }

    // MARK: Facts

    /// Sets a fact of the event at hand; nil leaves it absent.
    mutating func set(_ slot: Int, _ scalar: Scalar?) {
        guard let scalar, frame.set(slot, to: scalar) else { return }
        status[slot] = Status(.present)
    }

    /// Sets a fact of a state; without a value it is absent.
    mutating func set(_ slot: Int, _ scalar: Scalar?, _ flags: Status.Flags) {
        if let scalar, frame.set(slot, to: scalar) {
            status[slot] = Status(.present, flags)
        } else {
            clear(slot, Status(.absent, flags))
        }
    }

    mutating func clear(_ slot: Int, _ status: Status) {
        frame.clear(slot)
        self.status[slot] = status
    }

    /// Makes a feature's value a fact; one that is not there is missing.
    mutating func set(_ slot: Int, _ value: FeatureValue) {
        status[slot] = value.status
        let number = value.number
        guard value.status.kind < .absent, number.isFinite else {
            frame.clear(slot)
            return
        }
        switch frame.schema.facts[slot].type {
        case .double: frame.set(slot, to: number)
        case .bool: frame.set(slot, to: number != 0)
        case .int: frame.set(slot, to: Int64(clampedTo: number))
        default: _ = frame.set(slot, to: Scalar.category(Int(Int64(clampedTo: number))))
        }
    }

    /// Sets a fact that is a list of rows, as ``FactFrame/setRows(_:count:_:)``.
    mutating func setRows(
        _ slot: Int, count: Int, isBounded: Bool, _ flags: Status.Flags,
        _ scalar: (_ row: Int, _ field: Int) -> Scalar?
    ) {
        _ = frame.setRows(slot, count: count, scalar)
        self.isBounded[slot] = isBounded
        status[slot] = Status(count == 0 ? .empty : .present, flags)
    }

    /// Says more of a fact that was set.
    mutating func add(_ flags: Status.Flags, to slot: Int) {
        status[slot] = Status(status[slot].kind, status[slot].flags.union(flags))
    }

    /// Sets a fact that counts by class: as a list of so many, or as a map of those that occurred.
    mutating func setCounts(
        _ slot: Int, _ counts: [Int64], classes: Int?, _ status: Status
    ) {
        _ = frame.setCounts(slot, counts, classes: classes ?? 0)
        self.status[slot] = status
    }

    // MARK: Expressions

    /// The value of a derived feature, and whether it is the default.
    ///
    /// It has the greatest class and all flags of what the expression reads. A field or a snapshot
    /// that is absent counts only if the expression has no value without it: `has(x)` and `a || b`
    /// have. Where its condition is false, it is empty.
    mutating func value(
        of step: VectorPlan.Step, _ program: Program
    ) -> (value: FeatureValue, isDefault: Bool) {
        var greatest = Status.Class.present
        var greatestThere = Status.Class.present
        var flags: Status.Flags = []
        for input in step.inputs {
            let status = status[input.slot]
            greatest = max(greatest, status.kind)
            if status.kind != .absent { greatestThere = max(greatestThere, status.kind) }
            flags.formUnion(status.flags)
            if isBounded[input.slot], !input.ignoresBound { flags.formUnion(.incomplete) }
        }
        if greatestThere < .absent {
            let holds =
                step.condition.map { evaluator.number($0, of: program, over: frame) } ?? .success(1)
            if case .success(0) = holds {
                let status = Status(max(greatestThere, .empty), flags)
                return (FeatureValue(step.defaultValue, status), true)
            }
            if case .success = holds,
                case .success(let number) = evaluator.number(
                    step.expression, of: program, over: frame), number.isFinite
            {
                return (FeatureValue(number, Status(greatestThere, flags)), false)
            }
            if greatest == .present { greatest = .error }
        }
        return (FeatureValue(step.defaultValue, Status(greatest, flags)), true)
    }
}

extension Int64 {
    /// The number without its fraction; of one beyond the range the nearest. Not for a NaN.
    fileprivate init(clampedTo number: Double) {
        self = number >= 0x1p63 ? .max : number <= -0x1p63 ? .min : Int64(number)
    }
}
