import AssayMessages
import Foundation
import RPC
import Storage
import Testing

@testable import ModelCore

@Suite("Aliases and history")
struct AliasTests {
    private func twoVersions() async throws -> (RegistryKit, ModelRegistry) {
        let kit = try RegistryKit()
        let registry = try await kit.open()
        _ = try await registry.register(try Example.credit.registration(model: "m", id: "r-1"))
        _ = try await registry.register(try Example.credit.registration(model: "m", id: "r-2"))
        return (kit, registry)
    }

    @Test("an alias moves only from where the caller thinks it is")
    func compareAndSet() async throws {
        let (kit, registry) = try await twoVersions()
        defer { kit.removeFolder() }
        let first = try await registry.setAlias(.move("m", to: 1))
        #expect(first.version == 1 && first.generation == 1 && first.actor == "bob")
        let stale = await refusal { try await registry.setAlias(.move("m", to: 2, id: "a-2")) }
        #expect(stale.code == .aborted)
        #expect(stale.message.contains("is at version 1, generation 1"))
        let second = try await registry.setAlias(
            .move("m", to: 2, from: 1, generation: 1, id: "a-3"))
        #expect(second.version == 2 && second.generation == 2)
        // The answer to an id is remembered, whatever happened since.
        #expect(try await registry.setAlias(.move("m", to: 1)) == first)
        #expect(try registry.snapshot.alias("champion", of: "m") == second)
    }

    @Test("what is not there is named, with near names")
    func unknown() async throws {
        let (kit, registry) = try await twoVersions()
        defer { kit.removeFolder() }
        let version = await refusal { try await registry.setAlias(.move("m", to: 7)) }
        #expect(version.code == .notFound)
        #expect(version.message == "model \"m\" has versions 1 to 2, not 7")
        let model = await refusal { try await registry.setAlias(.move("mm", to: 1)) }
        #expect(model.message == "no model \"mm\"; did you mean \"m\"?")
        let alias = await refusal { try registry.snapshot.alias("champion", of: "m") }
        #expect(alias.message == "model \"m\" has no alias \"champion\"")
    }

    @Test("the default alias asks for 32 golden rows, others do not")
    func governed() async throws {
        let kit = try RegistryKit()
        defer { kit.removeFolder() }
        let registry = try await kit.open()
        var request = try Example.credit.registration(model: "m")
        request.manifest.goldenRows.removeLast(request.manifest.goldenRows.count - 31)
        let few = request
        _ = try await registry.register(few)
        let error = await refusal { try await registry.setAlias(.move("m", to: 1)) }
        #expect(error.code == .failedPrecondition)
        #expect(error.message.contains("has 31 golden rows"))
        _ = try await registry.setAlias(.move("m", to: 1, id: "a-2", alias: "shadow"))
    }

    @Test("each change is a sealed event chained to the one before, and times never go back")
    func history() async throws {
        let (kit, registry) = try await twoVersions()
        defer { kit.removeFolder() }
        kit.clock.withLock { $0 -= 5_000 }
        _ = try await registry.setAlias(.move("m", to: 1))
        let events = try await registry.rows.events("m")
        #expect(events.map(\.kind) == [.versionRegistered, .versionRegistered, .aliasMoved])
        #expect(events.map(\.sequence) == [1, 2, 3])
        #expect(events[2].actor == "bob" && events[2].reason == "better")
        #expect(zip(events, events.dropFirst()).allSatisfy { !($1.time < $0.time) })
        #expect(events[0].previous.isEmpty && events[1].previous.count == 32)
    }

    @Test("an altered event is found at the next start")
    func tampering() async throws {
        let (kit, _) = try await twoVersions()
        defer { kit.removeFolder() }
        let key = Array("default/".utf8) + RegistryKey(.event, "m", UInt64(1)).bytes
        var bytes = try #require(try kit.store.get(key, in: EmbeddedRegistryStore.family))
        bytes[bytes.count / 2] ^= 1
        var batch = WriteBatch()
        batch.put(key, bytes, in: EmbeddedRegistryStore.family)
        try kit.store.write(batch, sync: true)
        await #expect(throws: (any Error).self) { try await kit.open() }
    }

    @Test("a hundred writers at once: numbers without gaps, one winner per generation")
    func concurrency() async throws {
        let (kit, registry) = try await twoVersions()
        defer { kit.removeFolder() }
        let manifest = try Example.credit.manifest()
        let artifact = try Example.credit.artifact()
        let winners = await withTaskGroup(of: Bool.self) { group in
            for writer in 0..<10 {
                group.addTask {
                    let request = AssayModelsV1.RegisterVersionRequest(
                        requestID: "w-\(writer)", model: "m", manifest: manifest,
                        artifact: artifact)
                    _ = try? await registry.register(request)
                    return false
                }
            }
            for writer in 0..<40 {
                group.addTask {
                    let move = AssayModelsV1.SetAliasRequest.move("m", to: 1, id: "x-\(writer)")
                    return (try? await registry.setAlias(move)) != nil
                }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(winners == 1)
        let numbers = try registry.versions(.init(model: "m")).versions.map(\.number)
        #expect(numbers == Array(1...12))
        #expect(try await registry.rows.events("m").count == 13)
    }
}
