import AssayMessages
import Testing

@testable import ModelCore

@Suite("What a version is needed for")
struct VersionUseTests {
    @Test("the last of many names is seen as the first")
    func many() async throws {
        let kit = try RegistryKit()
        defer { kit.removeFolder() }
        let registry = try await kit.open()
        var change = try await RegistryTransaction(registry.store, "m", now: registry.now())
        for number in 0..<1_100 {
            let alias = AssayModelsV1.Alias(
                model: "m", alias: "a\(number)", version: number == 1_099 ? 2 : 1, generation: 1,
                movedAt: registry.now())
            change.put(RegistryKey(.alias, "m", alias.alias), alias.encoded())
            let shadow = AssayModelsV1.Shadow(
                specification: .init(
                    shadow: "s\(number)", revision: 1, owner: "ann", model: "m", alias: "live",
                    version: 2),
                state: number == 1_099 ? .running : .stopped, changedAt: registry.now())
            change.put(RegistryKey(.shadow, "m", "s\(number)"), shadow.encoded())
        }
        #expect(try await registry.store.commit(change.finished))
        let now = try await RegistryTransaction(registry.store, "m", now: registry.now())
        #expect(try await now.uses(of: 1).count == 1_099)
        #expect(try await now.uses(of: 2) == [.alias("a1099"), .shadow("s1099")])
        #expect(try await now.shadows(using: 2) == ["s1099"])
    }
}
