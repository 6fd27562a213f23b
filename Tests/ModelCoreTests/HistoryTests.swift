import AssayMessages
import RPC
import Testing
import Wire

@testable import ModelCore

@Suite("Lists, versions and history")
struct HistoryTests {
    private func twoVersions() async throws -> (RegistryKit, ModelRegistry) {
        let kit = try RegistryKit()
        let registry = try await kit.open()
        _ = try await registry.register(try Example.credit.registration(model: "m", id: "r-1"))
        _ = try await registry.register(try Example.payments.registration(model: "n", id: "r-1"))
        _ = try await registry.register(try Example.credit.registration(model: "m", id: "r-2"))
        _ = try await registry.setAlias(.move("m", to: 2, alias: "shadow"))
        return (kit, registry)
    }

    @Test("models are listed by name, page by page, with their aliases and newest change")
    func models() async throws {
        let (kit, registry) = try await twoVersions()
        defer { kit.removeFolder() }
        let all = registry.models(.init()).models
        #expect(all.map(\.model) == ["m", "n"])
        #expect(all.map(\.versions) == [2, 1] && all.map(\.sequence) == [3, 1])
        #expect(all[0].aliases.map(\.alias) == ["shadow"])
        #expect(registry.models(.init(after: "m")).models.map(\.model) == ["n"])
        #expect(registry.models(.init(limit: 1)).models.map(\.model) == ["m"])
        #expect(registry.models(.init(after: "n")).models.isEmpty)
    }

    @Test("versions are listed newest last, and page towards the oldest")
    func versions() async throws {
        let (kit, registry) = try await twoVersions()
        defer { kit.removeFolder() }
        #expect(try registry.versions(.init(model: "m")).versions.map(\.number) == [1, 2])
        #expect(try registry.versions(.init(model: "m", limit: 1)).versions.map(\.number) == [2])
        let older = try registry.versions(.init(model: "m", before: 2))
        #expect(older.versions.map(\.number) == [1] && older.aliases.count == 1)
    }

    @Test("a version is found by number or alias, with its manifest")
    func version() async throws {
        let (kit, registry) = try await twoVersions()
        defer { kit.removeFolder() }
        let record = try await registry.version(.init(model: "m", version: 1))
        #expect(record.version.number == 1)
        #expect(record.manifest == (try Example.credit.manifest()))
        let shadow = try await registry.version(.init(model: "m", alias: "shadow"))
        #expect(shadow.version.number == 2)
        let champion = await refusal { try await registry.version(.init(model: "m")) }
        #expect(champion.message == "model \"m\" has no alias \"champion\"")
        let none = await refusal { try await registry.version(.init(model: "m", version: 9)) }
        #expect(none.message == "model \"m\" has versions 1 to 2, not 9")
        let both = await refusal {
            try await registry.version(.init(model: "m", version: 1, alias: "shadow"))
        }
        #expect(both.code == .invalidArgument)
    }

    @Test("history comes in pages, of a model, an alias or a version")
    func history() async throws {
        let (kit, registry) = try await twoVersions()
        defer { kit.removeFolder() }
        let first = try await registry.history(.init(model: "m", limit: 2))
        #expect(first.events.map(\.sequence) == [1, 2] && first.next == 2)
        let second = try await registry.history(.init(model: "m", after: first.next))
        #expect(second.events.map(\.sequence) == [3] && second.next == 0)
        let alias = try await registry.history(.init(model: "m", alias: "shadow"))
        #expect(alias.events.map(\.sequence) == [3])
        let version = try await registry.history(.init(model: "m", version: 1))
        #expect(version.events.map(\.sequence) == [1])
        #expect(first.events.map(\.row) == ["version/1", "version/2"])
        #expect(alias.events[0].row == "alias/shadow" && alias.events[0].rowDigest.count == 32)
    }

    @Test("who the caller proved to be is the actor; whom it names beside is kept apart")
    func identity() async throws {
        let kit = try RegistryKit()
        defer { kit.removeFolder() }
        let registry = try await kit.open()
        let version = try await registry.register(
            try Example.credit.registration(model: "m"), by: "ci")
        #expect(version.uploader == "ci")
        let event = try await registry.rows.events("m")[0]
        #expect(event.actor == "ci" && event.statedActor == "ann")
    }
}
