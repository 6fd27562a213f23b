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

    func added(to rule: Rule) -> Rule {
        var rule = rule
        rule.content = digest(of: rule)
        return rule
    }

    private func digest(of rule: Rule) -> [UInt8] {
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
            Self.add("\(catalogue.entries[slot])", to: &hash)
        }
        for (kind, name) in Self.names(in: rule.condition) {
            Self.add("\(kind).\(name)", to: &hash)
            if kind == "P", let parameter = parameters[name] { Self.add("\(parameter)", to: &hash) }
            if kind == "L", let list = lists[name] { hash.update(data: Data(list)) }
        }
        return Array(hash.finalize())
    }

    /// The parameters and lists that a condition may name, in its order. One that only stands in a
    /// text is taken as named too, which does no harm.
    static func names(in condition: String) -> [(kind: Character, name: String)] {
        func isPart(_ character: Character) -> Bool {
            character.isLetter || character.isNumber || character == "_"
        }
        var names: [(kind: Character, name: String)] = []
        let characters = Array(condition)
        func skipSpace(_ index: inout Int) {
            while index < characters.count, characters[index].isWhitespace { index += 1 }
        }
        for start in characters.indices where characters[start] == "P" || characters[start] == "L" {
            if start > 0, isPart(characters[start - 1]) { continue }
            var index = start + 1
            skipSpace(&index)
            guard index < characters.count, characters[index] == "." else { continue }
            index += 1
            skipSpace(&index)
            let name = characters[index...].prefix(while: isPart)
            if !name.isEmpty { names.append((characters[start], String(name))) }
        }
        return names
    }

    private static func add(_ text: String, to hash: inout SHA256) {
        withUnsafeBytes(of: UInt64(text.utf8.count).bigEndian) { hash.update(bufferPointer: $0) }
        hash.update(data: Data(text.utf8))
    }
}
