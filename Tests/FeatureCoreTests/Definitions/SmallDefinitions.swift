import FeatureCore
import FeatureEngine

/// Sets of a few lines, for tests of one thing.
enum SmallDefinitions {
    private static let head = """
        format: assay.features/1
        package: small
        owner: test
        description: A small set.
        sensitivity: low
        purposes: [fraud]
        base_currency: EUR

        """

    static func compile(_ sections: String) throws(DefinitionError) -> DefinitionSet {
        try DefinitionSources(["small.yaml": head + sections]).compile()
    }

    /// Nothing for sections that compile.
    static func problems(_ sections: String) -> [String] {
        do {
            _ = try compile(sections)
            return []
        } catch {
            return error.problems.map(\.message)
        }
    }
}
