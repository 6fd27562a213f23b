/// Reads the syntax of RE2: alternatives, groups, repetitions, classes, anchors and flags. What
/// only a backtracking matcher can do (back-references, look-around) is refused.
struct PatternParser {
    typealias Failure = RegularExpression.Failure

    private static let maximumNesting = 32
    private static let maximumRepeats = 1_000

    private struct Flags {
        var ignoresCase = false
        var dotTakesNewline = false
        var isMultiline = false
    }

    private let scalars: [Unicode.Scalar]
    private var at = 0
    private var depth = 0
    private var flags = Flags()

    init(_ source: String) { scalars = Array(source.unicodeScalars) }

    mutating func parse() throws(Failure) -> Pattern {
        let pattern = try alternatives()
        if at < scalars.count { throw failure("')' closes no group") }
        return pattern
    }

    func failure(_ message: String) -> Failure { Failure(position: at + 1, message: message) }

    private func peek(_ offset: Int = 0) -> Unicode.Scalar? {
        at + offset < scalars.count ? scalars[at + offset] : nil
    }

    private mutating func accept(_ text: String) -> Bool {
        let wanted = Array(text.unicodeScalars)
        guard at + wanted.count <= scalars.count, Array(scalars[at..<(at + wanted.count)]) == wanted
        else { return false }
        at += wanted.count
        return true
    }

    private mutating func alternatives() throws(Failure) -> Pattern {
        var parts = [try sequence()]
        while accept("|") { parts.append(try sequence()) }
        return parts.count == 1 ? parts[0] : .alternatives(parts)
    }

    private mutating func sequence() throws(Failure) -> Pattern {
        var parts: [Pattern] = []
        while let scalar = peek(), scalar != "|", scalar != ")" {
            if accept("\\Q") {
                while peek() != nil, !accept("\\E") {
                    parts.append(literal(scalars[at].value))
                    at += 1
                }
                continue
            }
            let isRepeatable = scalar != "^" && scalar != "$"
            let part = try atom()
            parts.append(try repeated(part, isRepeatable))
        }
        return parts.count == 1 ? parts[0] : parts.isEmpty ? .empty : .sequence(parts)
    }

    private func literal(_ value: UInt32) -> Pattern {
        let set = CharacterClass(ranges: [value...value])
        return .scalar(flags.ignoresCase ? set.ignoringCase : set)
    }

    // MARK: Repetitions

    private mutating func repeated(_ part: Pattern, _ isRepeatable: Bool) throws(Failure) -> Pattern
    {
        let start = at
        let pattern: Pattern
        if accept("*") {
            pattern = .repetition(part, least: 0, most: nil)
        } else if accept("+") {
            pattern = .repetition(part, least: 1, most: nil)
        } else if accept("?") {
            pattern = .repetition(part, least: 0, most: 1)
        } else if let (least, most) = try bounds() {
            pattern = .repetition(part, least: least, most: most)
        } else {
            return part
        }
        // Lazy repetitions match the same texts.
        _ = accept("?")
        if let scalar = peek(), scalar == "*" || scalar == "+" || scalar == "?" {
            throw failure("'\(scalar)' repeats a repetition")
        }
        guard isRepeatable else {
            at = start
            throw failure("there is nothing to repeat")
        }
        return pattern
    }

    /// `{2}`, `{2,}`, `{2,3}`; other braces are plain characters.
    private mutating func bounds() throws(Failure) -> (Int, Int?)? {
        let start = at
        guard accept("{"), let least = number() else {
            at = start
            return nil
        }
        var most: Int? = least
        if accept(",") { most = number() }
        guard accept("}") else {
            at = start
            return nil
        }
        guard least <= Self.maximumRepeats, (most ?? 0) <= Self.maximumRepeats,
            least <= most ?? .max
        else {
            at = start
            throw failure("the bounds are 0 to \(Self.maximumRepeats), the smaller one first")
        }
        return (least, most)
    }

    private mutating func number() -> Int? {
        var digits = ""
        while let scalar = peek(), ("0"..."9").contains(scalar), digits.count < 6 {
            digits.unicodeScalars.append(scalar)
            at += 1
        }
        return Int(digits)
    }

    // MARK: Atoms

    private mutating func atom() throws(Failure) -> Pattern {
        let scalar = scalars[at]
        switch scalar {
        case "(": return try group()
        case "[":
            at += 1
            let set = try bracketed()
            return .scalar(set)
        case "\\": return try escaped()
        case "*", "+", "?": throw failure("there is nothing to repeat")
        default: at += 1
        }
        switch scalar {
        case ".": return .scalar(flags.dotTakesNewline ? .any : .notNewline)
        case "^": return .assertion(flags.isMultiline ? .lineStart : .textStart)
        case "$": return .assertion(flags.isMultiline ? .lineEnd : .textEnd)
        default: return literal(scalar.value)
        }
    }

    private mutating func group() throws(Failure) -> Pattern {
        at += 1
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumNesting else {
            throw failure("groups are nested more than \(Self.maximumNesting) deep")
        }
        let outer = flags
        if accept("?") {
            if accept("P<") || accept("<") {
                try groupName()
            } else if try !groupFlags() {
                return .empty
            }
        }
        let pattern = try alternatives()
        guard accept(")") else { throw failure("expected ')'") }
        flags = outer
        return pattern
    }

    private mutating func groupName() throws(Failure) {
        let start = at
        while let scalar = peek(), CharacterClass.word.contains(scalar.value) { at += 1 }
        guard at > start, accept(">") else { throw failure("expected the name of a group and '>'") }
    }

    /// Flags of a group (`?i:`, true) or of what follows (`?i)`, false).
    private mutating func groupFlags() throws(Failure) -> Bool {
        var value = true
        while let scalar = peek() {
            at += 1
            switch scalar {
            case "i": flags.ignoresCase = value
            case "s": flags.dotTakesNewline = value
            case "m": flags.isMultiline = value
            case "U": continue
            case "-" where value: value = false
            case ":": return true
            case ")": return false
            default:
                at -= 1
                throw failure("'(?\(scalar)' is not part of the syntax")
            }
        }
        throw failure("expected ')'")
    }

    // MARK: Escapes

    private mutating func escaped() throws(Failure) -> Pattern {
        at += 1
        guard let scalar = peek() else { throw failure("the pattern ends in '\\'") }
        switch scalar {
        case "b": return advance(.assertion(.wordBoundary))
        case "B": return advance(.assertion(.noWordBoundary))
        case "A": return advance(.assertion(.textStart))
        case "z": return advance(.assertion(.textEnd))
        default: break
        }
        if let set = Self.named(scalar) { return advance(.scalar(set)) }
        return literal(try escapedScalar())
    }

    private mutating func advance(_ pattern: Pattern) -> Pattern {
        at += 1
        return pattern
    }

    private static func named(_ scalar: Unicode.Scalar) -> CharacterClass? {
        switch scalar {
        case "d": .digits
        case "D": CharacterClass.digits.negated
        case "w": .word
        case "W": CharacterClass.word.negated
        case "s": .space
        case "S": CharacterClass.space.negated
        default: nil
        }
    }

    /// One character after a backslash.
    private mutating func escapedScalar() throws(Failure) -> UInt32 {
        guard let scalar = peek() else { throw failure("the pattern ends in '\\'") }
        let plain: [Unicode.Scalar: UInt32] = [
            "n": 0x0A, "t": 0x09, "r": 0x0D, "f": 0x0C, "v": 0x0B, "a": 0x07,
        ]
        if let value = plain[scalar] {
            at += 1
            return value
        }
        if scalar == "x" { return try hexadecimal() }
        guard scalar.isASCII, !CharacterClass.word.contains(scalar.value) else {
            throw failure("'\\\(scalar.escaped(asASCII: false))' is not part of the syntax")
        }
        at += 1
        return scalar.value
    }

    private mutating func hexadecimal() throws(Failure) -> UInt32 {
        at += 1
        let isBraced = accept("{")
        var digits = ""
        while let scalar = peek(), scalar.properties.isASCIIHexDigit,
            digits.count < (isBraced ? 6 : 2)
        {
            digits.unicodeScalars.append(scalar)
            at += 1
        }
        guard let value = UInt32(digits, radix: 16), value <= 0x10FFFF,
            isBraced ? accept("}") : digits.count == 2
        else { throw failure("expected \\x and two digits, or \\x{…}") }
        return value
    }

    // MARK: Classes

    private mutating func bracketed() throws(Failure) -> CharacterClass {
        let start = at
        let isNegated = accept("^")
        var ranges: [ClosedRange<UInt32>] = []
        var isFirst = true
        while let scalar = peek(), isFirst || scalar != "]" {
            isFirst = false
            if let set = try classMember() {
                ranges += set.plainRanges
                continue
            }
            let low = try classScalar()
            guard peek() == "-", let end = peek(1), end != "]" else {
                ranges.append(low...low)
                continue
            }
            at += 1
            let high = try classScalar()
            guard low <= high else { throw failure("the range goes backwards") }
            ranges.append(low...high)
        }
        guard accept("]") else {
            at = start
            throw failure("the class has no ']'")
        }
        let set = CharacterClass(ranges: ranges)
        let plain = flags.ignoresCase ? set.ignoringCase : set
        return isNegated ? plain.negated : plain
    }

    /// `\d` and its like, or `[:alpha:]`; nil if something else follows.
    private mutating func classMember() throws(Failure) -> CharacterClass? {
        if peek() == "\\", let scalar = peek(1), let set = Self.named(scalar) {
            at += 2
            return set
        }
        guard peek() == "[", peek(1) == ":" else { return nil }
        for (name, set) in Self.posix where accept("[:\(name):]") { return set }
        for (name, set) in Self.posix where accept("[:^\(name):]") { return set.negated }
        throw failure("unknown class")
    }

    private mutating func classScalar() throws(Failure) -> UInt32 {
        guard let scalar = peek() else { throw failure("the class has no ']'") }
        at += 1
        return scalar == "\\" ? try escapedScalar() : scalar.value
    }

    private static let posix: [(String, CharacterClass)] = [
        ("alnum", CharacterClass(ranges: [0x30...0x39, 0x41...0x5A, 0x61...0x7A])),
        ("alpha", CharacterClass(ranges: [0x41...0x5A, 0x61...0x7A])),
        ("ascii", CharacterClass(ranges: [0...0x7F])),
        ("blank", CharacterClass(ranges: [0x09...0x09, 0x20...0x20])),
        ("cntrl", CharacterClass(ranges: [0...0x1F, 0x7F...0x7F])),
        ("digit", .digits), ("lower", CharacterClass(ranges: [0x61...0x7A])),
        ("print", CharacterClass(ranges: [0x20...0x7E])),
        ("punct", CharacterClass(ranges: [0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E])),
        ("space", CharacterClass(ranges: [0x09...0x0D, 0x20...0x20])),
        ("upper", CharacterClass(ranges: [0x41...0x5A])), ("word", .word),
        ("xdigit", CharacterClass(ranges: [0x30...0x39, 0x41...0x46, 0x61...0x66])),
    ]
}
