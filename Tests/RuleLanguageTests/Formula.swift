@testable import RuleLanguage

/// An expression as the tests see it, with a meaning of its own: both sides of everything are
/// evaluated, plainly and by the words of `docs/expressions.md`. Shares no code with the language but
/// its numbers of errors.
indirect enum Formula {
    case truth(Bool)
    case flag(String)
    case known(String)
    case all([Formula])
    case any([Formula])
    case not(Formula)
    case choice(Formula, Formula, Formula)
    case compare(String, Term, Term)
    case isIn(Term, [Int64])
    case every(Formula)
    case some(Formula)

    /// A whole number.
    indirect enum Term {
        case number(Int64)
        case fact(String)
        case operation(String, Term, Term)
        case choice(Formula, Term, Term)
        /// The entry at hand of the nearest `every` or `some`; 1 outside of them.
        case entry
    }

    /// A value or why there is none.
    typealias Outcome<Value> = Result<Value, EvaluationError>

    struct World {
        var flags: [String: Bool]
        var numbers: [String: Int64]
        var list: [Int64]?
        var entry: Int64 = 1
    }

    // MARK: Meaning

    func value(in world: World) -> Outcome<Bool> {
        switch self {
        case .truth(let value): return .success(value)
        case .flag(let name):
            return world.flags[name].map { .success($0) } ?? .failure(.missingFact)
        case .known(let name):
            return .success(world.flags[name] != nil || world.numbers[name] != nil)
        case .all(let parts): return Self.fold(parts.map { $0.value(in: world) }, stop: false)
        case .any(let parts): return Self.fold(parts.map { $0.value(in: world) }, stop: true)
        case .not(let part): return part.value(in: world).map { !$0 }
        case .choice(let condition, let a, let b):
            return condition.value(in: world).flatMap { ($0 ? a : b).value(in: world) }
        case .compare(let sign, let a, let b):
            return Self.both(a.value(in: world), b.value(in: world)) { a, b in
                switch sign {
                case "<": .success(a < b)
                case "<=": .success(a <= b)
                case ">": .success(a > b)
                case ">=": .success(a >= b)
                case "==": .success(a == b)
                default: .success(a != b)
                }
            }
        case .isIn(let term, let list): return term.value(in: world).map { list.contains($0) }
        case .every(let body): return Self.entries(world, body, stop: false)
        case .some(let body): return Self.entries(world, body, stop: true)
        }
    }

    private static func entries(_ world: World, _ body: Formula, stop: Bool) -> Outcome<Bool> {
        guard let list = world.list else { return .failure(.missingFact) }
        return fold(
            list.map { entry in
                var world = world
                world.entry = entry
                return body.value(in: world)
            }, stop: stop)
    }

    /// `stop` wins over everything, then the smallest error, then its opposite.
    private static func fold(_ values: [Outcome<Bool>], stop: Bool) -> Outcome<Bool> {
        var error: EvaluationError?
        for value in values {
            switch value {
            case .success(stop): return .success(stop)
            case .success: continue
            case .failure(let other): error = smaller(error, other)
            }
        }
        return error.map { .failure($0) } ?? .success(!stop)
    }

    static func both<A, B>(
        _ a: Outcome<A>, _ b: Outcome<A>, _ body: (A, A) -> Outcome<B>
    ) -> Outcome<B> {
        switch (a, b) {
        case (.success(let x), .success(let y)): body(x, y)
        case (.failure(let x), .failure(let y)): .failure(smaller(x, y))
        case (.failure(let x), _), (_, .failure(let x)): .failure(x)
        }
    }

    private static func smaller(_ a: EvaluationError?, _ b: EvaluationError) -> EvaluationError {
        guard let a else { return b }
        return a.rawValue <= b.rawValue ? a : b
    }

    // MARK: Text

    /// The source; with a generator, the parts of every `&&` and `||` in an order that it draws.
    func source(_ order: inout HostileTextTests.Generator?, _ loops: Int = 0) -> String {
        switch self {
        case .truth(let value): return "\(value)"
        case .flag(let name): return name
        case .known(let name): return "has(\(name))"
        case .all(let parts): return Self.chain(parts, " && ", &order, loops)
        case .any(let parts): return Self.chain(parts, " || ", &order, loops)
        case .not(let part): return "!\(part.source(&order, loops))"
        case .choice(let condition, let a, let b):
            let texts = [condition, a, b].map { $0.source(&order, loops) }
            return "(\(texts[0]) ? \(texts[1]) : \(texts[2]))"
        case .compare(let sign, let a, let b):
            return "(\(a.source(&order, loops)) \(sign) \(b.source(&order, loops)))"
        case .isIn(let term, let list): return "(\(term.source(&order, loops)) in \(list))"
        case .every(let body): return "li.all(v\(loops), \(body.source(&order, loops + 1)))"
        case .some(let body): return "li.exists(v\(loops), \(body.source(&order, loops + 1)))"
        }
    }

    /// Left to right, or as any tree over the parts.
    private static func chain(
        _ parts: [Formula], _ sign: String, _ order: inout HostileTextTests.Generator?, _ loops: Int
    ) -> String {
        var texts = parts.map { $0.source(&order, loops) }
        guard order != nil else { return "(" + texts.joined(separator: sign) + ")" }
        while texts.count > 1 {
            let a = texts.remove(at: Self.draw(texts.count, &order))
            let b = texts.remove(at: Self.draw(texts.count, &order))
            texts.append("(\(a)\(sign)\(b))")
        }
        return "(" + texts[0] + ")"
    }

    private static func draw(_ count: Int, _ order: inout HostileTextTests.Generator?) -> Int {
        guard var generator = order else { return 0 }
        defer { order = generator }
        return Int.random(in: 0..<count, using: &generator)
    }
}

extension Formula.Term {
    func value(in world: Formula.World) -> Formula.Outcome<Int64> {
        switch self {
        case .number(let value): return .success(value)
        case .fact(let name):
            return world.numbers[name].map { .success($0) } ?? .failure(.missingFact)
        case .entry: return .success(world.entry)
        case .choice(let condition, let a, let b):
            return condition.value(in: world).flatMap { ($0 ? a : b).value(in: world) }
        case .operation(let sign, let a, let b):
            return Formula.both(a.value(in: world), b.value(in: world)) { Self.apply(sign, $0, $1) }
        }
    }

    /// In 128 bits, so that nothing overflows before it is compared with what an int holds.
    private static func apply(_ sign: String, _ a: Int64, _ b: Int64) -> Formula.Outcome<Int64> {
        let (x, y) = (Int128(a), Int128(b))
        let exact: Int128
        switch sign {
        case "+": exact = x + y
        case "-": exact = x - y
        case "*": exact = x * y
        case "/":
            guard b != 0 else { return .failure(.divisionByZero) }
            exact = x / y
        default:
            guard b != 0 else { return .failure(.divisionByZero) }
            // The remainder fits, but the quotient that it belongs to does not.
            if a == .min, b == -1 { return .failure(.overflow) }
            exact = x % y
        }
        return Int64(exactly: exact).map { .success($0) } ?? .failure(.overflow)
    }

    func source(_ order: inout HostileTextTests.Generator?, _ loops: Int) -> String {
        switch self {
        case .number(let value): return "\(value)"
        case .fact(let name): return name
        case .entry: return loops == 0 ? "1" : "v\(loops - 1)"
        case .choice(let condition, let a, let b):
            let text = condition.source(&order, loops)
            return "(\(text) ? \(a.source(&order, loops)) : \(b.source(&order, loops)))"
        case .operation(let sign, let a, let b):
            return "(\(a.source(&order, loops)) \(sign) \(b.source(&order, loops)))"
        }
    }
}
