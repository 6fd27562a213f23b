/// A regular expression in the syntax of RE2, without what needs backtracking, as an automaton: a
/// match takes time proportional to pattern times text, whatever both are.
struct RegularExpression: Sendable {
    /// Steps of an automaton.
    static let maximumStates = 1_024

    enum Step: Sendable {
        case scalar(CharacterClass)
        /// Goes on at both places.
        case split(Int, Int)
        case jump(Int)
        case assert(Assertion)
        case match
    }

    enum Assertion: Sendable {
        case textStart, textEnd, lineStart, lineEnd, wordBoundary, noWordBoundary
    }

    /// What is wrong with a pattern.
    struct Failure: Error {
        /// Characters before the place, plus 1.
        var position: Int
        var message: String

        var description: String { "\(position): \(message)" }
    }

    let source: String
    let steps: [Step]

    init(_ source: String) throws(Failure) {
        self.source = source
        var parser = PatternParser(source)
        var compiler = Compiler()
        let root = try parser.parse()
        guard compiler.add(root), compiler.emit(.match) else {
            throw Failure(
                position: 1,
                message: "the pattern needs over \(Self.maximumStates) states")
        }
        steps = compiler.steps
    }

    /// Writes the steps of a pattern; false once there are too many.
    private struct Compiler {
        var steps: [Step] = []

        mutating func emit(_ step: Step) -> Bool {
            steps.append(step)
            return steps.count <= RegularExpression.maximumStates
        }

        mutating func add(_ pattern: Pattern) -> Bool {
            switch pattern {
            case .empty: return true
            case .scalar(let set): return emit(.scalar(set))
            case .assertion(let assertion): return emit(.assert(assertion))
            case .sequence(let parts):
                for part in parts where !add(part) { return false }
                return true
            case .alternatives(let parts): return addAlternatives(parts)
            case .repetition(let part, let least, let most):
                for _ in 0..<least {
                    let before = steps.count
                    guard add(part) else { return false }
                    // Repeating what needs no step would only take time.
                    if steps.count == before { return true }
                }
                guard let most else { return addLoop(part) }
                return addOptional(part, times: most - least)
            }
        }

        private mutating func addAlternatives(_ parts: [Pattern]) -> Bool {
            var exits: [Int] = []
            for part in parts.dropLast() {
                let split = steps.count
                guard emit(.split(split + 1, 0)), add(part) else { return false }
                exits.append(steps.count)
                guard emit(.jump(0)) else { return false }
                steps[split] = .split(split + 1, steps.count)
            }
            guard let last = parts.last, add(last) else { return false }
            for exit in exits { steps[exit] = .jump(steps.count) }
            return true
        }

        private mutating func addLoop(_ part: Pattern) -> Bool {
            let split = steps.count
            guard emit(.split(split + 1, 0)), add(part), emit(.jump(split)) else { return false }
            steps[split] = .split(split + 1, steps.count)
            return true
        }

        private mutating func addOptional(_ part: Pattern, times: Int) -> Bool {
            var splits: [Int] = []
            for _ in 0..<times {
                splits.append(steps.count)
                guard emit(.split(0, 0)), add(part) else { return false }
            }
            for split in splits { steps[split] = .split(split + 1, steps.count) }
            return true
        }
    }
}

/// The tree of a pattern.
indirect enum Pattern {
    case empty
    case scalar(CharacterClass)
    case assertion(RegularExpression.Assertion)
    case sequence([Pattern])
    case alternatives([Pattern])
    case repetition(Pattern, least: Int, most: Int?)
}

/// A set of Unicode scalars, as ranges.
struct CharacterClass: Sendable {
    var ranges: [ClosedRange<UInt32>]
    var isNegated = false

    static let digits = CharacterClass(ranges: [0x30...0x39])
    static let word = CharacterClass(ranges: [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    static let space = CharacterClass(ranges: [0x09...0x0A, 0x0C...0x0D, 0x20...0x20])
    static let any = CharacterClass(ranges: [], isNegated: true)
    static let notNewline = CharacterClass(ranges: [0x0A...0x0A], isNegated: true)

    var negated: CharacterClass { CharacterClass(ranges: ranges, isNegated: !isNegated) }

    /// The ranges of everything that the class has, without a sign.
    var plainRanges: [ClosedRange<UInt32>] {
        guard isNegated else { return ranges }
        var plain: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if range.lowerBound > next { plain.append(next...(range.lowerBound - 1)) }
            next = max(next, range.upperBound + 1)
        }
        if next <= 0x10FFFF { plain.append(next...0x10FFFF) }
        return plain
    }

    /// Adds the other case of each ASCII letter.
    var ignoringCase: CharacterClass {
        var all = ranges
        for range in ranges {
            for (letters, shift) in [(UInt32(0x41)...0x5A, Int32(32)), (0x61...0x7A, -32)]
            where range.overlaps(letters) {
                let part = range.clamped(to: letters)
                all.append(
                    UInt32(Int32(part.lowerBound) + shift)...UInt32(Int32(part.upperBound) + shift))
            }
        }
        return CharacterClass(ranges: all, isNegated: isNegated)
    }

    func contains(_ scalar: UInt32) -> Bool {
        for range in ranges where range.contains(scalar) { return !isNegated }
        return isNegated
    }
}
