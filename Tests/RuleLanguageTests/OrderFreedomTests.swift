import Testing

@testable import RuleLanguage

/// The result of an expression does not depend on the order in which its parts are looked at.
@Suite struct OrderFreedomTests {
    private typealias Generator = HostileTextTests.Generator

    private static let flags = ["b", "c"]
    private static let numbers = ["i", "j", "k"]
    private static let schema = FactSchema(
        flags.map { FactDeclaration(name: $0, type: .bool) }
            + numbers.map { FactDeclaration(name: $0, type: .int) }
            + [FactDeclaration(name: "li", type: .list(.int), maximumEntries: 4)])

    @Test("random expressions give what a plain reading of them gives, in any order, folded or not")
    func reference() throws {
        var generator = Generator(state: 2_026)
        var counts: [String: Int] = [:]
        for number in 0..<1_500 {
            let formula = Self.formula(depth: 4, loops: 0, &generator)
            var order: Generator?
            let plain = formula.source(&order)
            order = Generator(state: UInt64(number))
            let shuffled = formula.source(&order)
            guard
                let programs = try? [
                    Self.program(plain, folds: true), Self.program(plain, folds: false),
                    Self.program(shuffled, folds: true), Self.program(shuffled, folds: false),
                ]
            else {
                counts["refused", default: 0] += 1
                continue
            }
            for _ in 0..<4 {
                let world = Self.world(&generator)
                let expected = formula.value(in: world)
                counts["\(expected)", default: 0] += 1
                let frame = Self.frame(world)
                for (program, source) in zip(programs, [plain, plain, shuffled, shuffled]) {
                    var evaluator = Evaluator()
                    let found = evaluator.condition(0, of: program, over: frame)
                    #expect(found == Self.result(expected), "\(source) over \(world)")
                }
            }
        }
        // Every outcome came up often enough to mean something, and few texts were too large.
        #expect(counts["refused", default: 0] < 300, "\(counts)")
        #expect(counts.values.count { $0 > 100 } >= 4, "\(counts)")
    }

    #if DEBUG
        @Test("no run takes more steps than the cost that was told when it was compiled")
        func steps() throws {
            var generator = Generator(state: 3)
            var nearest = 0.0
            for _ in 0..<1_000 {
                let formula = Self.formula(depth: 4, loops: 0, &generator)
                var order: Generator?
                let source = formula.source(&order)
                guard let program = try? Self.program(source, folds: false) else { continue }
                let cost = program.expressions[0].cost
                for _ in 0..<3 {
                    let frame = Self.frame(Self.world(&generator))
                    var evaluator = Evaluator()
                    _ = evaluator.condition(0, of: program, over: frame)
                    #expect(evaluator.steps <= cost, "\(source)")
                    #expect(evaluator.work <= cost, "\(source)")
                    nearest = max(nearest, Double(evaluator.steps) / Double(cost))
                }
            }
            #expect(nearest > 0.6)
        }
    #endif

    // MARK: Worlds

    private static func program(_ source: String, folds: Bool) throws -> Program {
        var builder = ProgramBuilder(environment: RuleEnvironment(facts: schema), folds: folds)
        _ = try builder.addExpression(source)
        return builder.build()
    }

    private static func result(_ outcome: Formula.Outcome<Bool>) -> ConditionResult {
        switch outcome {
        case .success(let value): value ? .holds : .fails
        case .failure(.missingFact): .missing
        case .failure(let error): .failed(error)
        }
    }

    private static func world(_ generator: inout Generator) -> Formula.World {
        var world = Formula.World(flags: [:], numbers: [:], list: nil)
        for name in flags where Bool.random(using: &generator) {
            world.flags[name] = Bool.random(using: &generator)
        }
        for name in numbers where Int.random(in: 0..<4, using: &generator) > 0 {
            world.numbers[name] = values.randomElement(using: &generator)
        }
        if Int.random(in: 0..<4, using: &generator) > 0 {
            let count = Int.random(in: 0...4, using: &generator)
            world.list = (0..<count).map { _ in values.randomElement(using: &generator) ?? 0 }
        }
        return world
    }

    private static let values: [Int64] = [0, 1, -1, 2, 7, .max, .min, 3_037_000_500]

    private static func frame(_ world: Formula.World) -> FactFrame {
        var frame = FactFrame(schema: schema)
        for (slot, fact) in schema.facts.enumerated() {
            if let value = world.flags[fact.name] { frame.set(slot, to: value) }
            if let value = world.numbers[fact.name] { frame.set(slot, to: value) }
            if fact.name == "li", let list = world.list {
                _ = frame.set(slot, to: Constant.list(list.map { .int($0) }))
            }
        }
        return frame
    }

    // MARK: Expressions

    private static func formula(
        depth: Int, loops: Int, _ generator: inout Generator
    ) -> Formula {
        func inner(_ more: Int = 0) -> Formula {
            formula(depth: depth - 1, loops: loops + more, &generator)
        }
        func few() -> [Formula] {
            (0..<Int.random(in: 2...3, using: &generator)).map { _ in inner() }
        }
        guard depth > 0 else {
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: return .truth(Bool.random(using: &generator))
            case 1: return .known((flags + numbers).randomElement(using: &generator) ?? "b")
            default: return .flag(flags.randomElement(using: &generator) ?? "b")
            }
        }
        switch Int.random(in: 0..<10, using: &generator) {
        case 0, 1: return .all(few())
        case 2, 3: return .any(few())
        case 4: return .not(inner())
        case 5: return .choice(inner(), inner(), inner())
        case 6 where loops < 2: return .every(inner(1))
        case 7 where loops < 2: return .some(inner(1))
        case 8: return .isIn(term(depth: depth - 1, loops, &generator), [1, 0, .max])
        default:
            let sign = ["<", "<=", ">", ">=", "==", "!="].randomElement(using: &generator) ?? "<"
            let terms = (0..<2).map { _ in term(depth: depth - 1, loops, &generator) }
            return .compare(sign, terms[0], terms[1])
        }
    }

    private static func term(
        depth: Int, _ loops: Int, _ generator: inout Generator
    ) -> Formula.Term {
        guard depth > 0 else {
            switch Int.random(in: 0..<3, using: &generator) {
            case 0: return .number(values.randomElement(using: &generator) ?? 0)
            case 1: return .entry
            default: return .fact(numbers.randomElement(using: &generator) ?? "i")
            }
        }
        func inner() -> Formula.Term { term(depth: depth - 1, loops, &generator) }
        if Int.random(in: 0..<6, using: &generator) == 0 {
            return .choice(
                formula(depth: depth - 1, loops: loops, &generator), inner(), inner())
        }
        let sign = ["+", "-", "*", "/", "%"].randomElement(using: &generator) ?? "+"
        return .operation(sign, inner(), inner())
    }
}
