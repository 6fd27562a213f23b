import AssayMessages
import Foundation
import RPC
import Testing
import Wire

@testable import ModelCore

@Suite("Rolling back, deleting, and looking back")
struct RollbackTests {
    /// Versions 1 to 4 of m; champion went from 1 over 2 to 3.
    private func registry() async throws -> (RegistryKit, ModelRegistry) {
        let kit = try RegistryKit()
        let registry = try await kit.open()
        for number in 1...4 {
            _ = try await registry.register(
                TinyModel.registration(id: "r-\(number)", intercept: Double(number)))
        }
        for version in 1...3 as ClosedRange<UInt32> {
            _ = try await registry.setAlias(
                .move(
                    "m", to: version, from: version - 1, generation: UInt64(version - 1),
                    id: "a-\(version)"))
        }
        return (kit, registry)
    }

    private func back(
        _ registry: ModelRegistry, to version: UInt32 = 0, leaving: UInt32 = 0, id: String = "b-1"
    ) async throws -> AssayModelsV1.Alias {
        try await registry.rollback(
            .init(
                requestID: id, model: "m", version: version, leaving: leaving,
                reason: "too many refusals", ticket: "INC-1", actor: "eve"))
    }

    @Test("each rollback goes one step further back, in one call, and repeats harmlessly")
    func steps() async throws {
        let (kit, registry) = try await registry()
        defer { kit.removeFolder() }
        let first = try await back(registry)
        #expect(first.version == 2 && first.generation == 4 && first.before == [1])
        #expect(try await back(registry) == first)
        let restarted = try await kit.open()
        #expect(try await back(restarted, id: "b-2").version == 1)
        let end = await refusal { try await back(restarted, id: "b-3") }
        #expect(end.reason == "nothing_to_roll_back")
        let event = try #require(try await restarted.rows.events("m").last)
        #expect(event.kind == .aliasRolledBack && event.previousVersion == 2 && event.version == 1)
        #expect(event.actor == "eve" && event.ticket == "INC-1" && event.reason.hasPrefix("too"))
        // Forward again, and back again.
        let forward = try await restarted.setAlias(
            .move("m", to: 3, from: 1, generation: 5, id: "a-9"))
        #expect(forward.before == [1])
    }

    @Test("a version is named only if it served; the version that is left may be stated")
    func named() async throws {
        let (kit, registry) = try await registry()
        defer { kit.removeFolder() }
        let never = await refusal { try await back(registry, to: 4) }
        #expect(never.reason == "never_served")
        #expect(never.message.contains("those that did: 1, 2, 3"))
        let late = await refusal { try await back(registry, leaving: 2) }
        #expect(late.code == .aborted && late.message.contains("somebody moved it already"))
        #expect(try await back(registry, to: 1, leaving: 3).version == 1)
        // 3 served, though it is no longer on the trail.
        #expect(try await back(registry, to: 3, id: "b-2").version == 3)
        let same = await refusal { try await back(registry, to: 3, id: "b-3") }
        #expect(same.reason == "nothing_to_roll_back")
    }

    @Test("a rollback to a damaged file, or a version out of use, is refused; the alias stays")
    func damaged() async throws {
        let (kit, registry) = try await registry()
        defer { kit.removeFolder() }
        let name = ArtifactDigest(of: TinyModel.artifact(intercept: 2)).description
        let file = try #require(try kit.artifactFiles().first { $0.lastPathComponent == name })
        var bytes = try Data(contentsOf: file)
        bytes[40] ^= 1
        try bytes.write(to: file)
        let before = try registry.snapshot.alias("champion", of: "m")
        let error = await refusal { try await back(registry) }
        #expect(error.code == .failedPrecondition && error.reason == "version_damaged")
        #expect(error.message.contains("no longer have this hash"))
        #expect(try registry.snapshot.alias("champion", of: "m") == before)
        #expect(try await kit.open().snapshot.alias("champion", of: "m") == before)

        _ = try await registry.setStatus(
            .init(
                requestID: "t", model: "m", version: 1, status: .suspended, reason: "wrong",
                actor: "bob"))
        let suspended = await refusal { try await back(registry, to: 1, id: "b-2") }
        #expect(suspended.reason == "version_status")
        #expect(try registry.snapshot.alias("champion", of: "m") == before)
    }

    @Test("a rollback needs no card, figures or approval; a move forward does")
    func governed() async throws {
        let (kit, loose) = try await registry()
        defer { kit.removeFolder() }
        #expect(try loose.snapshot.alias("champion", of: "m").version == 3)
        let governed = try await kit.open(isGoverned: true)
        let forward = await refusal {
            try await governed.setAlias(.move("m", to: 4, from: 3, generation: 3, id: "a-9"))
        }
        #expect(forward.reason == "gates")
        #expect(try await back(governed).version == 2)
        let gates = try #require(try await governed.rows.events("m").last).gates
        #expect(gates.filter { $0.outcome == .skipped }.count == 5)
        #expect(gates.filter { $0.outcome == .passed }.map(\.gate).contains(.golden))
    }

    @Test("an ended alias answers nobody; made again its generation goes on")
    func delete() async throws {
        let (kit, registry) = try await registry()
        defer { kit.removeFolder() }
        func delete(_ generation: UInt64, id: String) async throws -> AssayModelsV1.Event {
            try await registry.deleteAlias(
                .init(
                    requestID: id, model: "m", alias: "champion", expectedVersion: 3,
                    expectedGeneration: generation, reason: "over", actor: "bob"))
        }
        #expect(await refusal { try await delete(2, id: "d-1") }.code == .aborted)
        let event = try await delete(3, id: "d-2")
        #expect(event.kind == .aliasDeleted && event.previousVersion == 3)
        #expect(event.row == "alias/champion" && event.rowDigest.isEmpty)
        for registry in [registry, try await kit.open()] {
            let error = await refusal {
                try Predictor.predict(
                    .init(requestID: "p", model: "m", values: [1, 1]),
                    in: registry.serving.latest)
            }
            #expect(error.reason == "alias_unknown")
        }
        #expect(await refusal { try await back(registry) }.code == .notFound)
        let again = try await registry.setAlias(.move("m", to: 2, id: "a-9"))
        #expect(again.generation == 4 && again.before.isEmpty)
        let answer = try await registry.asOf(
            .init(model: "m", time: Timestamp(nanosecondsSinceEpoch: 1)))
        #expect(answer.version == 0 && answer.event == nil)
    }

    @Test("which version answered is the same as a replay of the events, at 1,000 random moments")
    func asOf() async throws {
        let (kit, registry) = try await registry()
        defer { kit.removeFolder() }
        var numbers = SeededNumbers(seed: 7)
        let start = kit.clock.withLock { $0 }
        for step in 0..<60 {
            kit.clock.withLock { $0 += Int64.random(in: -50...400, using: &numbers) }
            let alias = ["champion", "next"].randomElement(using: &numbers)!
            let present = try? registry.snapshot.alias(alias, of: "m")
            if let present, Int.random(in: 0..<6, using: &numbers) == 0 {
                _ = try await registry.deleteAlias(
                    .init(
                        requestID: "d-\(step)", model: "m", alias: alias,
                        expectedVersion: present.version, expectedGeneration: present.generation,
                        reason: "over", actor: "bob"))
                continue
            }
            _ = try await registry.setAlias(
                .move(
                    "m", to: .random(in: 1...4, using: &numbers), from: present?.version ?? 0,
                    generation: present?.generation ?? 0, id: "s-\(step)", alias: alias))
        }
        let events = try await registry.rows.events("m")
        let end = kit.clock.withLock { $0 }
        for _ in 0..<1_000 {
            let time = Timestamp(
                nanosecondsSinceEpoch: .random(in: start - 100...end + 100, using: &numbers)
                    * 1_000_000)
            let alias = ["champion", "next"].randomElement(using: &numbers)!
            var expected: UInt32 = 0
            var last: AssayModelsV1.Event?
            for event in events where !(time < event.time) && event.alias == alias {
                expected = event.kind == .aliasDeleted ? 0 : event.version
                last = event
            }
            let answer = try await registry.asOf(.init(model: "m", alias: alias, time: time))
            #expect(answer.version == expected && answer.event == last)
        }
    }
}
