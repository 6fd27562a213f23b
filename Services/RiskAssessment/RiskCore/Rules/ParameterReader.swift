internal import RuleLanguage

/// Reads parameters that packs share, with one value per profile: format `assay.parameters/1`.
struct ParameterReader {
    static let format = "assay.parameters/1"

    var problems: [Problem] = []
    /// ISO 4217 code of the amounts that rules compare.
    private(set) var baseCurrency = ""

    /// `profile` replaces the profile that the file names.
    mutating func read(_ file: RuleSources.File, profile: String?) -> [String: Parameter] {
        guard let root = YAMLFile.parse(file.text, file: file.name, &problems) else { return [:] }
        let keys = root.object(
            required: ["format", "base_currency", "profile", "parameters"], optional: ["note"],
            &problems)
        if let format = keys["format"], format.text(&problems) != Self.format {
            problems.append(
                format.problem(
                    "expected the format \(Self.format), "
                        + "found '\((format.node.scalar?.string ?? "").prefix(40))'"))
        }
        baseCurrency = keys["base_currency"]?.text(&problems) ?? ""
        let isCode =
            baseCurrency.utf8.count == 3
            && baseCurrency.utf8.allSatisfy { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") }
        if !isCode, let node = keys["base_currency"] {
            problems.append(node.problem("expected a currency code such as EUR"))
        }
        guard let chosen = profile ?? keys["profile"]?.text(&problems) else { return [:] }
        var parameters: [String: Parameter] = [:]
        for (name, nameNode, node) in keys["parameters"]?.entries(&problems) ?? [] {
            if !PackReader.isName(name) {
                problems.append(
                    nameNode.problem(
                        "expected a name of small letters, digits and '_' such as high_amount, "
                            + "found '\(name.prefix(40))'"))
            }
            let keys = node.object(required: ["meaning", "values"], optional: ["unit"], &problems)
            let isMoney = keys["unit"].map { $0.text(&problems) == "money" } ?? false
            let values = keys["values"]?.entries(&problems) ?? []
            guard let value = values.first(where: { $0.key == chosen }) else {
                problems.append(node.problem("'\(name)' has no value in the profile '\(chosen)'"))
                continue
            }
            if let number = value.value.int(0...Int64.max, &problems) {
                parameters[name] = Parameter(value: .int(number), isMoney: isMoney)
            }
        }
        return parameters
    }
}
