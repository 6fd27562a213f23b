internal import Crypto
internal import Foundation
internal import RuleLanguage

/// Says of single rules whether they are the same in two sets: a hash of everything that decides
/// what a rule does, with the values of the parameters, the entries of the lists and the
/// declarations of the facts that it names.
struct RuleContent {
    private let parameters: [String: Parameter]
    private let lists: [String: [UInt8]]
    private let catalogue: FactCatalogue
    /// Many rules name the same: what was written out once is kept.
    private var factTexts: [Int: String] = [:]
    private var parameterTexts: [String: String] = [:]

    init(
        parameters: [String: Parameter], lists: [String: [String]], catalogue: FactCatalogue
    ) {
        self.parameters = parameters
        self.catalogue = catalogue
        self.lists = lists.mapValues { entries in
            var hash = SHA256()
            for entry in entries.sorted() { Self.add(entry, to: &hash) }
            return Array(hash.finalize())
        }
    }

    mutating func added(to rule: Rule) -> Rule {
        var rule = rule
        rule.content = digest(of: rule)
        return rule
    }

    private mutating func digest(of rule: Rule) -> [UInt8] {
        var hash = SHA256()
        let fields = [
            rule.id, rule.condition, "\(rule.score)", rule.severity.rawValue, rule.reasonCode,
            rule.outcome.rawValue, rule.state.rawValue, rule.onMissing.rawValue,
            (rule.industries ?? ["all"]).sorted().joined(separator: ","),
            "\(rule.validFrom ?? .min)", "\(rule.validUntil ?? .max)", rule.stale.rawValue,
            "\(rule.isTypology)",
        ]
        for field in fields { Self.add(field, to: &hash) }
        for slot in rule.facts {
            Self.add(factText(slot), to: &hash)
        }
        for (kind, name) in Self.names(in: rule.condition) {
            Self.add("\(kind).\(name)", to: &hash)
            if kind == "P", let text = parameterText(name) { Self.add(text, to: &hash) }
            if kind == "L", let list = lists[name] { hash.update(data: Data(list)) }
        }
        return Array(hash.finalize())
    }

    private mutating func factText(_ slot: Int) -> String {
        if let text = factTexts[slot] { return text }
        let text = "\(catalogue.entries[slot])"
        factTexts[slot] = text
        return text
    }

    private mutating func parameterText(_ name: String) -> String? {
        if let text = parameterTexts[name] { return text }
        guard let parameter = parameters[name] else { return nil }
        let text = "\(parameter)"
        parameterTexts[name] = text
        return text
    }

    /// The parameters and lists that a condition may name, in its order. One that only stands in a
    /// text is taken as named too, which does no harm.
    static func names(in condition: String) -> [(kind: Character, name: String)] {
        // Names of the language are ASCII; what is not is part of no name that is looked for.
        func isPart(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: byte >= 0x80
            }
        }
        var names: [(kind: Character, name: String)] = []
        let bytes = Array(condition.utf8)
        func skipSpace(_ index: inout Int) {
            while index < bytes.count, [0x20, 0x09, 0x0A, 0x0C, 0x0D].contains(bytes[index]) {
                index += 1
            }
        }
        for start in bytes.indices
        where bytes[start] == UInt8(ascii: "P") || bytes[start] == UInt8(ascii: "L") {
            if start > 0, isPart(bytes[start - 1]) { continue }
            var index = start + 1
            skipSpace(&index)
            guard index < bytes.count, bytes[index] == UInt8(ascii: ".") else { continue }
            index += 1
            skipSpace(&index)
            let name = bytes[index...].prefix(while: isPart)
            if name.isEmpty { continue }
            names.append(
                (Character(Unicode.Scalar(bytes[start])), String(decoding: name, as: UTF8.self)))
        }
        return names
    }

    private static func add(_ text: String, to hash: inout SHA256) {
        withUnsafeBytes(of: UInt64(text.utf8.count).bigEndian) { hash.update(bufferPointer: $0) }
        hash.update(data: Data(text.utf8))
    }
}
