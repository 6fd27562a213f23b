public import RuleLanguage

/// Compiles the expressions over the events of one type.
///
/// They name the event's fields as they are, or as `tx.<field>`; `time` and `t` are its time, unless
/// a field has that name. The fields that are computed come first, in any order.
public struct EventExpressionsBuilder {
    private let scope: EventScope
    private let sources: [EventExpressions.Source]
    private var builder: ProgramBuilder
    private var filters: [Int] = []
    private var filterPositions: [String: Int] = [:]
    private var checks: [Int] = []
    private var values: [(field: Int, expression: Int)] = []

    public init(_ scope: EventScope, constants: ExpressionConstants) {
        var facts: [FactDeclaration] = []
        var sources: [EventExpressions.Source] = []
        for prefix in ["", "tx."] {
            for (position, field) in scope.fields.enumerated() {
                var fact = field
                fact.name = prefix + field.name
                facts.append(fact)
                sources.append(.field(position))
            }
            for (alias, position) in scope.aliases.sorted(by: { $0.key < $1.key }) {
                var fact = scope.fields[position]
                fact.name = prefix + alias
                facts.append(fact)
                sources.append(.field(position))
            }
        }
        for name in ["t", "time", "tx.time"] where !facts.contains(where: { $0.name == name }) {
            facts.append(FactDeclaration(name: name, type: .timestamp))
            sources.append(.time)
        }
        self.scope = scope
        self.sources = sources
        builder = ProgramBuilder(
            environment: constants.environment(FactSchema(facts), offset: "utc_offset"))
    }

    /// Says what computes a field of the event.
    public mutating func setValue(
        ofField field: Int, _ source: String
    ) throws(CompilationFailure) {
        let expression = try builder.addExpression(source)
        let found = builder.build().expressions[expression]
        let declared = scope.fields[field]
        let fits =
            found.type == declared.type
            || (declared.type == .double && found.type == .int)
        let unitFits = (declared.unit == .money) == (found.unit == .money) || found.unit == nil
        guard fits, unitFits else {
            let wanted = declared.unit == .money ? "money" : "\(declared.type)"
            let unit = found.unit.map { "\($0.rawValue) (\(found.type))" } ?? "\(found.type)"
            throw Self.failure(
                "\(declared.name) is declared as \(wanted), its expression is \(unit)")
        }
        values.append((field, expression))
    }

    /// Adds a filter and returns its position in ``EngineEvent/filters``: the same for the same
    /// text.
    public mutating func addFilter(_ source: String) throws(CompilationFailure) -> Int {
        if let known = filterPositions[source] { return known }
        guard filters.count < EventFilters.capacity else {
            throw Self.failure("an event type has at most \(EventFilters.capacity) filters")
        }
        filters.append(try builder.addCondition(source))
        filterPositions[source] = filters.count - 1
        return filters.count - 1
    }

    /// Adds a check and returns its position among the checks.
    public mutating func addCheck(_ source: String) throws(CompilationFailure) -> Int {
        checks.append(try builder.addCondition(source))
        return checks.count - 1
    }

    /// Fails if computed fields depend on each other in a circle.
    public func build() throws(CompilationFailure) -> EventExpressions {
        let program = builder.build()
        let ordered = try orderedValues(program)
        let used = (filters + checks + values.map(\.expression))
            .flatMap { program.expressions[$0].factsRead }
        let computed = Set(values.map(\.field))
        let facts = Set(used).sorted().map { (slot: $0, source: sources[$0]) }
        return EventExpressions(
            program,
            facts: facts.filter { fact in
                if case .field(let field) = fact.source { !computed.contains(field) } else { true }
            }, filters: filters, checks: checks,
            values: ordered.map { field, expression in
                EventExpressions.Value(
                    field: field, expression: expression, type: scope.fields[field].type,
                    slots: facts.filter { $0.source == .field(field) }.map(\.slot))
            })
    }

    /// Each computed field after those it reads.
    private func orderedValues(
        _ program: Program
    ) throws(CompilationFailure) -> [(field: Int, expression: Int)] {
        var open = values
        var ordered: [(field: Int, expression: Int)] = []
        while !open.isEmpty {
            let waiting = Set(open.map(\.field))
            let ready = open.filter { value in
                !program.expressions[value.expression].factsRead.contains { slot in
                    if case .field(let field) = sources[slot] {
                        waiting.contains(field)
                    } else {
                        false
                    }
                }
            }
            guard !ready.isEmpty else {
                let names = waiting.sorted().map { scope.fields[$0].name }
                throw Self.failure(
                    "computed fields depend on each other: " + names.joined(separator: ", "))
            }
            ordered += ready
            open.removeAll { value in ready.contains { $0.field == value.field } }
        }
        return ordered
    }

    private static func failure(_ message: String) -> CompilationFailure {
        CompilationFailure([
            Diagnostic(span: SourceSpan(line: 1, column: 1), message: message)
        ])
    }
}
