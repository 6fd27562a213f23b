import Yams

/// A value of a YAML file that knows where it stands, so that every complaint names its place.
struct YAMLValue {
    /// Larger files are refused before they are parsed.
    static let maximumBytes = 1 << 20

    let node: Node
    let file: String
    /// Keys from the top of the file, such as "limits.plans.default".
    let path: String

    init(parsing text: String, file: String) throws(ConfigurationError) {
        guard text.utf8.count <= Self.maximumBytes else {
            throw ConfigurationError(
                file: file, message: "larger than \(Self.maximumBytes) bytes")
        }
        let composed: Node?
        do {
            composed = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw Self.error(error, file: file)
        } catch {
            throw ConfigurationError(file: file, message: "\(error)")
        }
        guard let composed else { throw ConfigurationError(file: file, message: "is empty") }
        self.init(node: composed, file: file, path: "")
    }

    private init(node: Node, file: String, path: String) {
        self.node = node
        self.file = file
        self.path = path
    }

    private static func error(_ error: YamlError, file: String) -> ConfigurationError {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            ConfigurationError(
                file: file, line: mark.line, column: mark.column, message: problem)
        case .duplicatedKeysInMapping(let duplicates, let context):
            ConfigurationError(
                file: file, line: context.mark.line, column: context.mark.column,
                message:
                    "the key \(duplicates.map { "\($0)" }.joined(separator: ", ")) is there twice")
        default:
            ConfigurationError(file: file, message: "\(error)")
        }
    }

    func error(_ message: String) -> ConfigurationError {
        let place = path.isEmpty ? "" : "\(path): "
        return ConfigurationError(
            file: file, line: node.mark?.line ?? 0, column: node.mark?.column ?? 0,
            message: place + message)
    }

    // MARK: Scalars

    func string() throws(ConfigurationError) -> String {
        guard case .scalar(let scalar) = node else { throw error("expected a text") }
        return scalar.string
    }

    /// A text of at most 64 characters that is safe in headers, logs and file names.
    func name() throws(ConfigurationError) -> String {
        let text = try string()
        guard SafeText.isName(text) else {
            throw error("expected 1 to 64 characters of A–Z a–z 0–9 . _ -, found \"\(text)\"")
        }
        return text
    }

    func integer(_ range: ClosedRange<Int>) throws(ConfigurationError) -> Int {
        let text = try string()
        guard let value = Int(text), range.contains(value) else {
            throw error(
                "expected a whole number from \(range.lowerBound) to \(range.upperBound), "
                    + "found \"\(text)\"")
        }
        return value
    }

    func boolean() throws(ConfigurationError) -> Bool {
        switch try string() {
        case "true": return true
        case "false": return false
        case let text: throw error("expected true or false, found \"\(text)\"")
        }
    }

    /// A text of 1 to 2,048 bytes without control characters.
    func text() throws(ConfigurationError) -> String {
        let text = try string()
        guard (1...2048).contains(text.utf8.count),
            text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else { throw error("expected a text of 1 to 2048 bytes without control characters") }
        return text
    }

    /// One of the words that `known` lists.
    func oneOf(_ known: [String]) throws(ConfigurationError) -> String {
        let text = try string()
        guard known.contains(text) else {
            let words =
                known.count < 2
                ? known.joined()
                : known.dropLast().joined(separator: ", ") + " or \(known[known.count - 1])"
            throw error("expected \(words), found \"\(text)\"")
        }
        return text
    }

    func oneOf<Word: RawRepresentable & CaseIterable>() throws(ConfigurationError) -> Word
    where Word.RawValue == String {
        let text = try oneOf(Word.allCases.map(\.rawValue))
        guard let word = Word(rawValue: text) else { throw error("expected another word") }
        return word
    }

    /// A number of bytes, with KiB, MiB or GiB behind it or nothing.
    func bytes(_ range: ClosedRange<Int>) throws(ConfigurationError) -> Int {
        let text = try string()
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let units = ["": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30]
        guard digits.count <= 9, let count = Int(digits),
            let unit = units[String(text.dropFirst(digits.count))], range.contains(count * unit)
        else {
            throw error(
                "expected \(range.lowerBound) to \(range.upperBound) bytes, such as 512MiB, "
                    + "found \"\(text)\"")
        }
        return count * unit
    }

    /// A number with a unit of us, ms, s, m, h or d.
    func duration() throws(ConfigurationError) -> Duration {
        let text = try string()
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let units = [
            "us": 1, "ms": 1000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000,
            "d": 86_400_000_000,
        ]
        guard digits.count <= 9, let count = Int64(digits),
            let unit = units[String(text.dropFirst(digits.count))]
        else { throw error("expected a duration such as 60s or 250ms, found \"\(text)\"") }
        let (microseconds, overflow) = count.multipliedReportingOverflow(by: Int64(unit))
        guard !overflow else { throw error("this duration is too long, found \"\(text)\"") }
        return .microseconds(microseconds)
    }

    // MARK: Lists and mappings

    var isScalar: Bool { if case .scalar = node { true } else { false } }
    var isList: Bool { if case .sequence = node { true } else { false } }

    func list() throws(ConfigurationError) -> [YAMLValue] {
        guard case .sequence(let sequence) = node else { throw error("expected a list") }
        return sequence.enumerated().map { index, item in
            YAMLValue(node: item, file: file, path: "\(path)[\(index)]")
        }
    }

    func names() throws(ConfigurationError) -> [String] {
        var names: [String] = []
        for item in try list() { names.append(try item.name()) }
        return names
    }

    /// The values under keys that the file chooses, in the file's order.
    func entries() throws(ConfigurationError) -> [(key: YAMLValue, value: YAMLValue)] {
        guard case .mapping(let mapping) = node else { throw error("expected a mapping") }
        return try mapping.map { (key, value) throws(ConfigurationError) in
            let name = YAMLValue(node: key, file: file, path: path)
            let text = try name.string()
            let inner = path.isEmpty ? text : "\(path).\(text)"
            return (name, YAMLValue(node: value, file: file, path: inner))
        }
    }

    /// The values under keys that we choose: another key is an error, a misspelled one with a hint.
    func fields(
        required: [String] = [], optional: [String] = []
    ) throws(ConfigurationError) -> [String: YAMLValue] {
        var found: [String: YAMLValue] = [:]
        let known = required + optional
        for (key, value) in try entries() {
            let name = try key.string()
            guard known.contains(name) else {
                let near = known.min { SafeText.distance($0, name) < SafeText.distance($1, name) }
                let hint = near.map {
                    SafeText.distance($0, name) <= 3 ? ", did you mean \"\($0)\"?" : ""
                }
                throw key.error("unknown key \"\(name)\"\(hint ?? "")")
            }
            found[name] = value
        }
        for name in required where found[name] == nil { throw error("\"\(name)\" is missing") }
        return found
    }
}
