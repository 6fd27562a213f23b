import FeatureCore
import FeatureEngine
import Testing

@Suite struct AttributeNameTests {
    private func names(_ counts: String) throws -> [String] {
        let set = try DefinitionSources([
            "payments.yaml": LanguageExample.base,
            "more.yaml": """
            format: assay.features/1
            package: more
            owner: fraud-platform
            description: Distinct counts.
            sensitivity: low
            purposes: [fraud]
            attributes: {card: {mcc: {from: payment, value: mcc, remember: 30d, \(counts)}}}
            """,
        ]).compile()
        let card = try #require(set.entity(named: "card"))
        return set.entities[card].features.map(\.name)
    }

    @Test("distinct counts may have names of their own, one for each window")
    func own() throws {
        let names = try names("windows: [1h, 24h], names: [kinds_hour, kinds_day]")
        #expect(names.contains("kinds_hour") && names.contains("kinds_day"))
        #expect(names.contains("card_first_seen_mcc_24h"))
        #expect(!names.contains("card_distinct_mcc_24h"))
    }

    @Test("too few names are a mistake with its place")
    func tooFew() throws {
        let error = #expect(throws: DefinitionError.self) {
            try names("windows: [1h, 24h], names: [kinds]")
        }
        #expect(
            error?.problems.map(\.description) == [
                "more.yaml:7:97: 1 names for 2 windows"
            ])
    }
}
