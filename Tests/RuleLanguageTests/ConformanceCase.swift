import Foundation
import RuleLanguage

/// One case of the suite: a source, values for its names, and what it must give.
struct ConformanceCase {
    let id: String
    let source: String
    private let isChecked: Bool
    private let environment: [String: String]
    private let bindings: [String: Constant]
    /// Nil where an error is expected.
    private let value: Constant?

    static func load() throws -> [ConformanceCase]? {
        let here = URL(fileURLWithPath: #filePath)
        let checkout = here.deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let folder =
            ProcessInfo.processInfo.environment["ASSAY_CEL_CASES"].map(URL.init(fileURLWithPath:))
            ?? checkout.appendingPathComponent("../shared/data/cel")
        let file = folder.appendingPathComponent("level1.json")
        guard let data = try? Data(contentsOf: file) else { return nil }
        let root = try JSONSerialization.jsonObject(with: data) as? [String: Any]
        return (root?["tests"] as? [[String: Any]])?.map(ConformanceCase.init)
    }

    private init(_ json: [String: Any]) {
        id = json["id"] as? String ?? ""
        source = json["expr"] as? String ?? ""
        isChecked = json["check"] as? Bool ?? true
        environment = json["env"] as? [String: String] ?? [:]
        bindings = (json["bindings"] as? [String: [String: Any]] ?? [:]).compactMapValues(
            Self.constant)
        value = (json["value"] as? [String: Any]).flatMap(Self.constant)
    }

    private static func constant(_ json: [String: Any]) -> Constant? {
        guard let (kind, value) = json.first else { return nil }
        switch kind {
        case "null": return .null
        case "bool": return (value as? Bool).map { .bool($0) }
        case "int": return (value as? String).flatMap { Int64($0) }.map { .int($0) }
        case "double": return (value as? String).map { .double(double($0)) }
        case "string": return (value as? String).map { .string($0) }
        case "list": return (value as? [[String: Any]]).map { .list($0.compactMap(constant)) }
        case "map":
            return (value as? [[[String: Any]]]).map { pairs in
                .map(
                    pairs.compactMap { pair in
                        guard let key = constant(pair[0]), let value = constant(pair[1]) else {
                            return nil
                        }
                        return Constant.MapEntry(key: key, value: value)
                    })
            }
        default: return nil
        }
    }

    private static func double(_ text: String) -> Double {
        switch text {
        case "Infinity": .infinity
        case "-Infinity": -.infinity
        default: Double(text) ?? .nan
        }
    }

    /// Why the case fails; nil if it passes.
    func failure() -> String? {
        let facts = bindings.keys.sorted().map { name in
            FactDeclaration(name: name, type: environment[name].map(Self.type) ?? .any)
        }
        let schema = FactSchema(facts)
        var frame = FactFrame(schema: schema)
        for (slot, fact) in facts.enumerated() {
            guard let value = bindings[fact.name], frame.set(slot, to: value) else {
                return "cannot bind \(fact.name)"
            }
        }
        var builder = ProgramBuilder(
            environment: RuleEnvironment(facts: schema, zones: Self.zones),
            dialect: isChecked ? .cel : .unchecked)
        let number: Int
        do {
            number = try builder.addExpression(source)
        } catch {
            return value == nil ? nil : "\(error)"
        }
        var evaluator = Evaluator()
        switch evaluator.value(number, of: builder.build(), over: frame) {
        case .failure(let error): return value == nil ? nil : "error \(error)"
        case .success(let found):
            guard let value else { return "expected an error, found \(found)" }
            return Self.equal(found, value) ? nil : "expected \(value), found \(found)"
        }
    }

    private static func equal(_ a: Constant, _ b: Constant) -> Bool {
        switch (a, b) {
        case (.double(let x), .double(let y)): return x == y || (x.isNaN && y.isNaN)
        case (.int(let x), .double(let y)), (.double(let y), .int(let x)): return Double(x) == y
        case (.list(let x), .list(let y)):
            return x.count == y.count && zip(x, y).allSatisfy { equal($0, $1) }
        case (.map(let x), .map(let y)):
            return x.count == y.count
                && x.allSatisfy { entry in
                    y.contains { equal($0.key, entry.key) && equal($0.value, entry.value) }
                }
        default: return a == b
        }
    }

    private static func type(_ name: String) -> ValueType {
        switch name {
        case "int": return .int
        case "double": return .double
        case "bool": return .bool
        case "string": return .string
        case "null": return .null
        default: break
        }
        let inner = name.drop { $0 != "(" }.dropFirst().dropLast()
        if name.hasPrefix("list(") { return .list(type(String(inner))) }
        let parts = inner.split(separator: ",", maxSplits: 1).map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        return parts.count == 2 ? .map(type(parts[0]), type(parts[1])) : .any
    }

    /// The offsets of the suite's zones in February 2009.
    private static let zones: ZoneTable = {
        var zones = ZoneTable()
        for (name, offset) in [
            ("Australia/Sydney", 39_600), ("US/Central", -21_600), ("America/St_Johns", -12_600),
            ("Asia/Kathmandu", 20_700),
        ] {
            zones.add(name, [ZoneTable.Transition(from: 0, offset: Int32(offset))])
        }
        return zones
    }()
}
