import RuleLanguage

/// A small world to write expressions about.
enum Fixture {
    static let facts = FactSchema([
        FactDeclaration(name: "tx.amount", type: .int, isMoney: true),
        FactDeclaration(name: "tx.type", type: .string),
        FactDeclaration(name: "tx.is_first", type: .bool),
        FactDeclaration(name: "vel.acct_cnt_1h", type: .int),
        FactDeclaration(name: "vel.acct_cnt_24h", type: .int),
        FactDeclaration(name: "base.z", type: .double),
        FactDeclaration(name: "cust.nexus", type: .list(.string)),
        FactDeclaration(name: "addr.users", type: .int),
    ])

    static let environment = RuleEnvironment(
        facts: facts,
        parameters: [
            "high_amount": Parameter(value: .int(1_000_000), isMoney: true),
            "hourly": Parameter(value: .int(5)),
        ],
        lists: ["countries": TextSet(["KP", "IR", "é"])])

    /// The frame with the given facts; all others are missing.
    static func frame(_ values: [String: Constant]) -> FactFrame {
        var frame = FactFrame(schema: facts)
        for (name, value) in values {
            guard let slot = facts.slot(of: name), frame.set(slot, to: value) else {
                preconditionFailure("no such fact: \(name)")
            }
        }
        return frame
    }

    static func evaluate(
        _ source: String, _ values: [String: Constant] = [:], folds: Bool = true
    ) throws -> Result<Constant, EvaluationError> {
        var builder = ProgramBuilder(environment: environment, folds: folds)
        let expression = try builder.addExpression(source)
        var evaluator = Evaluator()
        return evaluator.value(expression, of: builder.build(), over: frame(values))
    }

    /// The value of an expression that is checked as CEL does, without the bounds on rules.
    static func cel(
        _ source: String, _ values: [String: Constant] = [:]
    ) throws -> Result<Constant, EvaluationError> {
        var limits = ExpressionLimits()
        limits.maximumCost = .max
        var builder = ProgramBuilder(
            environment: environment, limits: limits, folds: false, dialect: .cel)
        let expression = try builder.addExpression(source)
        var evaluator = Evaluator()
        return evaluator.value(expression, of: builder.build(), over: frame(values))
    }

    /// The diagnostics of an expression, one a line; empty if it compiles.
    static func diagnostics(_ source: String, condition: Bool = true) -> String {
        var builder = ProgramBuilder(environment: environment)
        do {
            _ = try condition ? builder.addCondition(source) : builder.addExpression(source)
            return ""
        } catch {
            return "\(error)"
        }
    }
}
