internal import RuleLanguage

/// Reads several vectors at once: what they share is read and computed once. Compiled before the
/// first call, immutable, and used by all threads.
public final class VectorPlan: Sendable {
    /// What is read from the state of one entity.
    final class Part: Sendable {
        let entity: EntityRole
        let plan: ReadPlan
        /// Of the plan's features.
        let defaults: [Double]
        let readsAfterApply: Bool
        /// Where its facts are.
        let scope: Int
        let registers: [RegisterFacts]
        let lists: [ListFact]
        let counts: [CountsFact]
        /// Slots of all these facts.
        let slots: [Int]

        init(
            _ entity: EntityRole, _ reads: [FeatureRead], _ group: Group, scope: Int,
            facts: StateFacts
        ) {
            self.entity = entity
            plan = ReadPlan(reads, group: group)
            defaults = reads.map(\.defaultValue)
            readsAfterApply = reads.contains { $0.includesSelf }
            self.scope = scope
            registers = facts.registers
            lists = facts.lists
            counts = facts.counts
            slots = facts.slots
        }
    }

    /// The facts that one state holds.
    struct StateFacts: Sendable {
        var registers: [RegisterFacts] = []
        var lists: [ListFact] = []
        var counts: [CountsFact] = []
        var slots: [Int] = []
    }

    /// The facts of one register.
    struct RegisterFacts: Sendable {
        let register: Int
        var columns: [(slot: Int, column: RowColumn)] = []
    }

    /// A fact that is a table's or a recent list's rows.
    struct ListFact: Sendable {
        let slot: Int
        let isTable: Bool
        let position: Int
        let columns: [RowColumn]
        /// Not nil: only the row with this key is asked for. The key's field in each event type.
        let key: [Int?]?
        /// Only so many of the newest rows are asked for.
        let newest: Int
    }

    struct CountsFact: Sendable {
        let slot: Int
        let source: FactSource
    }

    /// What expressions of one role read: those of most features, which name none, are one scope.
    struct Scope: Sendable {
        let role: String?
        let program: Program
        /// Fields of the event at hand, and their names for a read without an event.
        var eventFacts: [(slot: Int, source: FactSource, name: String)] = []
        /// Features that are read from states.
        var featureFacts: [(slot: Int, place: Place)] = []
    }

    /// Where a feature's value is while vectors are read.
    enum Place: Hashable, Sendable {
        /// Part, and position in its plan.
        case state(Int, Int)
        /// Position among the steps.
        case derived(Int)
    }

    /// A fact that an expression reads, and whether it does not mind rows beyond those kept.
    struct Input: Hashable, Sendable {
        let slot: Int
        let ignoresBound: Bool
    }

    /// The computation of one derived feature.
    final class Step: Sendable {
        let scope: Int
        let expression: Int
        /// Not nil: where this expression is false, the value is empty.
        let condition: Int?
        let defaultValue: Double
        let inputs: [Input]
        /// Not nil: the expression reads the time of reading, in this slot.
        let time: Int?
        /// Of the states it reads, also through other features.
        let parts: UInt64
        /// Where others read its value.
        let targets: [Target]

        init(
            scope: Int, expression: Int, condition: Int?, defaultValue: Double, inputs: [Input],
            time: Int?, parts: UInt64, targets: [Target]
        ) {
            self.scope = scope
            self.expression = expression
            self.condition = condition
            self.defaultValue = defaultValue
            self.inputs = inputs
            self.time = time
            self.parts = parts
            self.targets = targets
        }
    }

    struct Target: Hashable, Sendable {
        let scope: Int
        let slot: Int
    }

    struct Column: Sendable {
        let place: Place
        let divisor: Double
        let defaultValue: Double
        /// Whether the value is the default when there were no events.
        let emptyIsDefault: Bool
    }

    struct Vector: Sendable {
        let columns: [Column]
        /// The states it depends on.
        let parts: UInt64
    }

    public static let maximumParts = 64

    let parts: [Part]
    let scopes: [Scope]
    let steps: [Step]
    let vectors: [Vector]
    /// Per event type and position among its entities, the parts that this entity may be.
    let partsOfTouches: [[UInt64]]
    private let readsTokens: Bool
    private let readings: ScratchPool<VectorReading>

    /// - Parameters:
    ///   - groups: of the entities, by position.
    ///   - touches: per event type, the entities that its events name, in their order; of several
    ///     of one type the first is the one that features are read of.
    public init(
        _ vectors: [[VectorColumn]], of set: FeatureSet, groups: [Group],
        touches: [[EntityRole]]
    ) {
        var compiler = VectorPlanCompiler(set, groups)
        compiler.compile(vectors)
        let parts = compiler.parts
        self.parts = parts
        scopes = compiler.scopes
        steps = compiler.steps
        self.vectors = compiler.vectors
        readsTokens = compiler.readsTokens
        partsOfTouches = touches.map { touches in
            touches.indices.map { index in
                let touch = touches[index]
                return parts.indices.reduce(into: 0) { mask, part in
                    let wanted = parts[part].entity
                    if wanted.entity == touch.entity, wanted.role.map({ $0 == touch.role }) ?? true
                    {
                        mask |= 1 << UInt64(part)
                    }
                }
            }
        }
        let memory = VectorReading.Memory(
            parts: parts.map(\.defaults.count), steps: compiler.steps.count,
            facts: compiler.scopes.map(\.program.facts))
        readings = ScratchPool { VectorReading(memory) }
    }

    /// Entities whose states are read.
    public var entities: [EntityRole] { parts.map(\.entity) }

    /// The entities that one of the vectors depends on.
    public func entities(ofVector vector: Int) -> [EntityRole] {
        parts.indices.filter { vectors[vector].parts >> UInt64($0) & 1 == 1 }.map {
            parts[$0].entity
        }
    }

    /// Whether a feature contains the event at hand (`self: include`).
    public var readsAfterApply: Bool { parts.contains { $0.readsAfterApply } }

    /// Texts whose hashes a state may hold, and that an expression compares with.
    public var texts: [String] { readsTokens ? scopes.flatMap(\.program.texts) : [] }

    /// Upper bound of the work of all expressions, in the units of `docs/expressions.md`.
    public var cost: Int { scopes.reduce(0) { $0 + $1.program.cost } }

    /// Lends memory for one read.
    public func read<Result>(
        _ body: (inout VectorReading) throws -> Result
    ) rethrows -> Result {
        try readings.with { reading in
            reading.plan = self
            defer { reading.plan = nil }
            return try body(&reading)
        }
    }
}
