import AssayMessages
import FeatureCore
import FeatureEngine
import RPC
import Testing

@Suite struct DefinitionServiceTests {
    @Test("the definitions in force are listed, with what is said of each feature")
    func list() async throws {
        let store = try await TestStore()
        defer { store.remove() }
        let all = try await store.service.listDefinitions(
            AssayFeaturesV1.ListDefinitionsRequest(), context: store.context())
        let set = store.features.definitions
        #expect(all.definitionSet == set.hash)
        #expect(all.entities.map(\.name) == set.entities.map(\.name))
        #expect(all.vectors.map(\.ref.fingerprint) == set.vectors.map(\.fingerprint))
        let cards = try await store.service.listDefinitions(
            AssayFeaturesV1.ListDefinitionsRequest(prefix: "card_txn_cnt"),
            context: store.context())
        #expect(!cards.features.isEmpty && cards.features.count < all.features.count)
        for feature in cards.features {
            #expect(feature.name.hasPrefix("card_txn_cnt") && feature.entity == "card")
            #expect(!feature.owner.isEmpty && !feature.descriptionField.isEmpty)
        }
    }

    @Test("a plan of other files is answered, and one of wrong files with what is wrong")
    func plan() async throws {
        let store = try await TestStore()
        defer { store.remove() }
        func plan(_ text: String) async throws -> AssayFeaturesV1.PlanDefinitionsResponse {
            try await store.service.planDefinitions(
                AssayFeaturesV1.PlanDefinitionsRequest(
                    files: [AssayFeaturesV1.DefinitionText(path: "a.yaml", text: text)]),
                context: store.context())
        }
        let good = try await plan(LanguageExample.base)
        #expect(good.planHash.count == 32 && good.active == store.features.definitions.hash)
        #expect(good.mistakes.isEmpty && !good.changes.isEmpty && !good.text.isEmpty)
        let bad = try await plan(
            LanguageExample.base.replacing("sum: amount,", with: "sum: amout,"))
        #expect(bad.planHash.isEmpty && bad.mistakes.count >= 2)
        #expect(bad.mistakes.allSatisfy { $0.path == "a.yaml" && $0.line > 1 })
        await #expect(throws: RPCError.self) {
            let twice = AssayFeaturesV1.DefinitionText(path: "a.yaml", text: "")
            _ = try await store.service.planDefinitions(
                AssayFeaturesV1.PlanDefinitionsRequest(files: [twice, twice]),
                context: store.context())
        }
    }
}
