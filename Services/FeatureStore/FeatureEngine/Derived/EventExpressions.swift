public import RuleLanguage

/// The expressions over an event of one type, compiled: fields that are computed from others, such
/// as the hour of its local time, filters (`where`), and checks.
///
/// They run once for an event, whatever the number of states it touches.
public final class EventExpressions: Sendable {
    /// A check that does not hold.
    public struct FailedCheck: Hashable, Sendable {
        /// In the order in which the checks were added.
        public let check: Int
        /// Nil if the condition is false; else why it has no value.
        public let error: EvaluationError?

        init(_ check: Int, _ error: EvaluationError?) {
            self.check = check
            self.error = error
        }
    }

    enum Source: Hashable, Sendable {
        case field(Int)
        /// The event's time.
        case time
    }

    /// A field computed from others.
    struct Value: Hashable, Sendable {
        let field: Int
        let expression: Int
        let type: ValueType
        /// The slots that hold it.
        let slots: [Int]
    }

    struct Scratch: Sendable {
        var evaluator = Evaluator()
        var frame: FactFrame
    }

    private let program: Program
    /// What fills which slot, of the facts that are read.
    private let facts: [(slot: Int, source: Source)]
    private let filters: [Int]
    private let checks: [Int]
    private let values: [Value]
    private let scratch: ScratchPool<Scratch>

    init(
        _ program: Program, facts: [(slot: Int, source: Source)], filters: [Int], checks: [Int],
        values: [Value]
    ) {
        self.program = program
        self.facts = facts
        self.filters = filters
        self.checks = checks
        self.values = values
        let schema = program.facts
        scratch = ScratchPool { Scratch(frame: FactFrame(schema: schema)) }
    }

    public var filterCount: Int { filters.count }
    public var checkCount: Int { checks.count }

    /// The event with its computed fields and filters set, and the checks that do not hold.
    ///
    /// A filter without a value does not hold. A check that cannot be decided because a field is
    /// missing is passed over: that a field must be there is a rule of its own.
    ///
    /// - Parameter hash: the keyed hash of a text, for computed fields that are texts.
    public func complete(
        _ input: EventInput, hash: (String) -> UInt64
    ) -> (input: EventInput, failedChecks: [FailedCheck]) {
        guard !(filters.isEmpty && checks.isEmpty && values.isEmpty) else { return (input, []) }
        return scratch.with { scratch in
            fill(&scratch.frame, input)
            var (words, texts) = (input.event.values, input.texts)
            for value in values { compute(value, &words, &texts, &scratch, hash) }
            var held = EventFilters()
            for (position, filter) in filters.enumerated()
            where scratch.evaluator.condition(filter, of: program, over: scratch.frame) == .holds {
                held.insert(position)
            }
            var failed: [FailedCheck] = []
            for (position, check) in checks.enumerated() {
                switch scratch.evaluator.condition(check, of: program, over: scratch.frame) {
                case .holds, .missing: continue
                case .fails: failed.append(FailedCheck(position, nil))
                case .failed(let error): failed.append(FailedCheck(position, error))
                }
            }
            let event = EngineEvent(
                type: input.event.type, time: input.event.time, values: words, filters: held)
            return (EventInput(event, texts: texts), failed)
        }
    }

    /// The fields that are computed from one of `fields`, directly or through others, and the
    /// filters that read one of them or of these.
    public func following(_ fields: Set<Int>) -> (fields: Set<Int>, filters: [Int]) {
        var sources: [Int: Int] = [:]
        for (slot, source) in facts {
            if case .field(let field) = source { sources[slot] = field }
        }
        for value in values { for slot in value.slots { sources[slot] = value.field } }
        var reached = fields
        func reads(_ expression: Int) -> Bool {
            program.expressions[expression].factsRead.contains { slot in
                sources[slot].map(reached.contains) ?? false
            }
        }
        // They stand after those that they read.
        for value in values where reads(value.expression) { reached.insert(value.field) }
        return (reached.subtracting(fields), filters.indices.filter { reads(filters[$0]) })
    }

    private func fill(_ frame: inout FactFrame, _ input: EventInput) {
        frame.removeAll()
        for (slot, source) in facts {
            let scalar: Scalar? =
                switch source {
                case .time: Instant(milliseconds: input.event.time).map(Scalar.timestamp)
                case .field(let field): input.scalar(field, as: frame.schema.facts[slot].type)
                }
            if let scalar { _ = frame.set(slot, to: scalar) }
        }
    }

    /// Sets a computed field in the event and in the facts that later expressions read.
    private func compute(
        _ value: Value, _ words: inout [Int64?], _ texts: inout [String?],
        _ scratch: inout Scratch, _ hash: (String) -> UInt64
    ) {
        let result = scratch.evaluator.value(value.expression, of: program, over: scratch.frame)
        guard case .success(var constant) = result else { return }
        if case .int(let number) = constant, value.type == .double {
            constant = .double(Double(number))
        }
        if case .string(let text) = constant {
            texts[value.field] = text
            words[value.field] = Int64(bitPattern: hash(text))
        } else if case .double(let number) = constant, !number.isFinite {
            return
        } else {
            words[value.field] = value.type.word(of: constant)
        }
        for slot in value.slots { _ = scratch.frame.set(slot, to: constant) }
    }
}
