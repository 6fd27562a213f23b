public import FuzzProperties

/// The ways in for what authors of rules write: one expression, or the files of a rule set.
public enum RuleFuzzTarget: String, CaseIterable, FuzzProgram {
    case language = "rule-language"
    case packs = "rule-packs"

    @discardableResult
    public func check(_ input: [UInt8]) throws(PropertyViolation) -> Bool {
        switch self {
        case .language: try LanguageProperties(input).check()
        case .packs: try PackProperties(input).check()
        }
    }

    public var seeds: [Seed] {
        switch self {
        case .language: RuleSeeds.expressions
        case .packs: RuleSeeds.packs
        }
    }
}
