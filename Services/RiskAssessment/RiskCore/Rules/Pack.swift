internal import RuleLanguage

/// A rule pack as it was written, before its conditions are compiled.
struct Pack {
    struct Test {
        enum Expectation: String, CaseIterable {
            case hit
            case noHit = "no_hit"
            case notEvaluated = "not_evaluated"
            case error
        }

        var given: [(name: String, value: SourceNode)]
        var missing: [SourceNode]
        var expect: Expectation
        var node: SourceNode
    }

    struct Draft {
        var rule: Rule
        var when: SourceNode
        var node: SourceNode
        var tests: [Test]
    }

    /// What packs may be tagged with, and what that means.
    enum Tag: String, CaseIterable {
        /// Its rules are typologies: they alert, and have no points.
        case aml
        /// Its rules judge applications for credit, and may not read facts that are forbidden there.
        case credit
    }

    var name = ""
    var version: Int64 = 0
    var owner = ""
    var tags: [String] = []
    var parameters: [String: Parameter] = [:]
    /// Where each parameter is declared.
    var parameterNodes: [String: SourceNode] = [:]
    /// Parameters whose values were found by measuring, and are documented so.
    var tuned: Set<String> = []
    var drafts: [Draft] = []

    func has(_ tag: Tag) -> Bool { tags.contains(tag.rawValue) }
}
