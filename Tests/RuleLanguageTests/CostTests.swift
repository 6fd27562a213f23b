import Testing

@testable import RuleLanguage

@Suite struct CostTests {
    private static let entries = FactDeclaration.assumedEntries

    @Test("no run does more work than the cost that was told when it was compiled")
    func bound() {
        var generator = HostileTextTests.Generator(state: 11)
        let texts = (0..<Self.entries).map { Constant.string("c\($0)") }
        let frame = Fixture.frame([
            "cust.nexus": .list(texts), "tx.type": .string("c7"), "addr.users": .int(3),
        ])
        var (runs, nearest) = (0, 0.0)
        while runs < 2_000 {
            let source = Self.condition(depth: 4, loops: 0, &generator)
            var builder = ProgramBuilder(environment: Fixture.environment, folds: false)
            guard let number = try? builder.addExpression(source) else { continue }
            let program = builder.build()
            var evaluator = Evaluator()
            _ = evaluator.condition(number, of: program, over: frame)
            let cost = program.expressions[number].cost
            #expect(evaluator.work <= cost, "\(source)")
            nearest = max(nearest, Double(evaluator.work) / Double(cost))
            runs += 1
        }
        // The bound is of some use only if runs come near it.
        #expect(nearest > 0.5)
    }

    private static func condition(
        depth: Int, loops: Int, _ generator: inout HostileTextTests.Generator
    ) -> String {
        if depth == 0 {
            let leaves = [
                "tx.type == 'c7'", "addr.users > 2", "true", "base.z > 1.0", "has(tx.amount)",
            ]
            return leaves.randomElement(using: &generator) ?? "true"
        }
        let variable = "v\(loops)"
        func inner(_ more: Int = 0) -> String {
            condition(depth: depth - 1, loops: loops + more, &generator)
        }
        switch Int.random(in: 0..<9, using: &generator) {
        case 0: return "(\(inner()) && \(inner()))"
        case 1: return "(\(inner()) || \(inner()))"
        case 2: return "(\(inner()) ? \(inner()) : \(inner()))"
        case 3: return "cust.nexus.all(\(variable), \(inner(1)) || \(variable) != '')"
        case 4: return "cust.nexus.exists(\(variable), \(variable) == '' && \(inner(1)))"
        case 5: return "size(cust.nexus.filter(\(variable), \(inner(1)))) > 1"
        case 6: return "'z' in cust.nexus.map(\(variable), \(inner(1)), \(variable))"
        case 7: return "cust.nexus + ['a'] == cust.nexus + ['b']"
        default: return "{'a': \(inner())}.transformMap(k, \(variable), !\(variable))['a']"
        }
    }
}
