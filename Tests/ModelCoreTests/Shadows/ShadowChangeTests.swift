import AssayMessages
import Foundation
import RPC
import Testing

@testable import ModelCore

@Suite("Shadows in the registry")
struct ShadowChangeTests {
    @Test("a dry run changes nothing; applying does, once, and survives a restart with its event")
    func lifecycle() async throws {
        let kit = try await ShadowKit()
        defer { kit.kit.removeFolder() }
        let plan = try await kit.apply(dryRun: true)
        #expect(plan.problems.isEmpty && plan.notes.count == 1 && !plan.unchanged)
        #expect(kit.registry.snapshot.shadows.isEmpty)

        let applied = try await kit.apply(id: "x-1")
        #expect(try await kit.apply(id: "x-1") == applied)
        #expect(try await kit.apply().unchanged)
        let shadow = try kit.registry.snapshot.shadow("next", of: "m")
        #expect(shadow.state == .running && shadow.actor == "ann" && shadow.reason == "try")
        #expect(kit.registry.shadows.lanes.map(\.name) == ["next"])

        let reopened = try await kit.kit.open()
        #expect(try reopened.snapshot.shadow("next", of: "m") == shadow)
        #expect(reopened.shadows.lanes.first?.version?.number == 2)
        #expect(reopened.snapshot.generation == kit.registry.snapshot.generation)
        let events = try await reopened.rows.events("m").filter { $0.kind == .shadowChanged }
        #expect(events.map(\.shadow?.state) == [.running])
        #expect(events[0].row == "shadow/next" && events[0].rowDigest.count == 32)

        #expect(try await kit.stop().state == .stopped)
        #expect(kit.registry.shadows.lanes.isEmpty)
        let again = await refusal { try await kit.stop() }
        #expect(again.code == .failedPrecondition && again.reason == "shadow_state")
        #expect(try await kit.kit.open().shadows.lanes.isEmpty)
        #expect(try await kit.apply().notes == ["it was stopped; a new revision starts it again"])
        _ = try await kit.apply(ShadowKit.file(("revision: 1", "revision: 2")))
        #expect(kit.registry.shadows.lanes.count == 1)
    }

    @Test("mistakes of a file are told with their places and what was meant")
    func mistakes() throws {
        let text = ShadowKit.file(
            ("owner:", "ownr:"), ("share: 10000", "share: 0"), ("queue: 16", "queue: 5000"),
            ("alias: champion", "alias: Champion"))
        do {
            _ = try ShadowFile(yaml: text, name: "s.yaml")
            Issue.record("it was read")
        } catch {
            #expect(
                error.problems.map(\.description) == [
                    "s.yaml:1:1: a shadow: \"owner\" is missing",
                    "s.yaml:3:1: a shadow: unknown key \"ownr\"; did you mean \"owner\"?",
                    "s.yaml:5:8: alias: \"Champion\" is no name; expected a lower-case letter, then "
                        + "letters, digits and \"-\"",
                    "s.yaml:7:8: share: expected 1 to 10000, found 0",
                    "s.yaml:8:29: budget.queue: expected 16 to 4096, found 5000",
                ])
        }
    }

    @Test("what the registry knows better is told too, and nothing changes")
    func refused() async throws {
        let kit = try await ShadowKit()
        defer { kit.kit.removeFolder() }
        func problem(_ changes: (String, String)) async -> String {
            let plan = try? await kit.apply(ShadowKit.file(changes), dryRun: true)
            return (plan?.problems ?? []).map { "\($0.line):\($0.column): \($0.message)" }
                .joined(separator: "; ")
        }
        #expect(
            await problem(("version: 2", "version: 9"))
                == "6:10: version: m has versions 1...3, not 9")
        #expect(
            await problem(("alias: champion", "alias: champions"))
                == "5:8: alias: m has no alias \"champions\"; did you mean \"champion\"?")
        #expect(await problem(("model: m", "model: n")).hasPrefix("4:8: model: no model \"n\""))
        _ = try await kit.apply(ShadowKit.file(("pool: 2500", "pool: 2000")))
        #expect(
            await problem(("revision: 1", "revision: 5"))
                == "2:11: revision: 1 is applied, so the next is 2, not 5")
        #expect(
            await problem(("shadow: next", "shadow: other"))
                == "8:16: budget.pool: 2500 and next 2000 are 4500 basis points; shadows of a model "
                + "may take 2500")
        let error = await refusal {
            try await kit.apply(ShadowKit.file(("version: 2", "version: 9")))
        }
        #expect(error.code == .invalidArgument && error.message.contains("6:10: version"))
        let unknown = await refusal { try await kit.stop("nxt") }
        #expect(unknown.code == .notFound && unknown.message.contains("\"next\""))
    }

    @Test("a version that a shadow uses is known as such until the shadow ends")
    func using() async throws {
        let kit = try await ShadowKit()
        defer { kit.kit.removeFolder() }
        try await kit.apply()
        func users(_ version: UInt32) async throws -> [VersionUse] {
            let transaction = try await RegistryTransaction(
                kit.registry.store, "m", now: kit.registry.now())
            return try await transaction.uses(of: version)
        }
        func retire() async throws -> AssayModelsV1.Version {
            try await kit.registry.setStatus(
                .init(
                    requestID: UUID().uuidString, model: "m", version: 2, status: .retired,
                    reason: "old"), by: "ann")
        }
        #expect(try await users(2) == [.shadow("next")])
        #expect(try await users(3).isEmpty)
        let inUse = await refusal { try await retire() }
        #expect(inUse.reason == "version_in_use" && inUse.message.contains("shadow \"next\""))
        try await kit.stop()
        #expect(try await users(2).isEmpty)
        #expect(try await retire().status == .retired)
        let gone = await refusal {
            try await kit.apply(ShadowKit.file(("revision: 1", "revision: 2")))
        }
        #expect(gone.message.contains("6:10: version: version 2 may not score"))
    }

    @Test("a suspended version is shown no calls until it is reinstated")
    func suspended() async throws {
        let kit = try await ShadowKit()
        defer { kit.kit.removeFolder() }
        let runner = ShadowRunner(kit.registry, log: kit.log)
        defer { runner.close() }
        try await kit.apply()
        let service = ModelServingService(kit.registry)
        func status(_ status: AssayModelsV1.VersionStatus) async throws {
            _ = try await kit.registry.setStatus(
                .init(
                    requestID: UUID().uuidString, model: "m", version: 2, status: status,
                    reason: "looking"), by: "ann")
        }
        try await status(.suspended)
        _ = try await kit.predict(service, "c-1", [1, -1])
        #expect(kit.activity().offered == 0)
        try await status(.candidate)
        _ = try await kit.predict(service, "c-2", [1, -1])
        #expect(kit.activity().offered == 1)
    }

    @Test("a folder's shadows come into force beside its experiments")
    func folder() async throws {
        let kit = try await ShadowKit()
        defer { kit.kit.removeFolder() }
        let folder = kit.kit.folder.appending(path: "experiments")
        let shadows = folder.appending(path: "shadows")
        try FileManager.default.createDirectory(at: shadows, withIntermediateDirectories: true)
        try ShadowKit.file().write(
            to: shadows.appending(path: "next.yaml"), atomically: true, encoding: .utf8)
        let follower = ExperimentFolderFollower(kit.registry, folder: folder)
        #expect(await follower.look() == [.applied(file: "shadows/next.yaml", experiment: "next")])
        #expect(await follower.look() == [])
        #expect(kit.registry.shadows.lanes.count == 1)
    }
}
