import AssayMessages
import RPC
import Storage
import Testing
import Wire

@testable import ModelCore

@Suite("Aliases that people govern")
struct GovernedAliasTests {
    private func registry(
        versions: Int = 1
    ) async throws -> (RegistryKit, ModelRegistry) {
        let kit = try RegistryKit()
        let registry = try await kit.open(isGoverned: true)
        for number in 0..<versions {
            _ = try await registry.register(
                TinyModel.registration(id: "r-\(number)", intercept: Double(number)))
        }
        return (kit, registry)
    }

    @Test("a bare version is refused with every gate it fails, and the alias stays away")
    func everyGate() async throws {
        let kit = try RegistryKit()
        defer { kit.removeFolder() }
        let registry = try await kit.open(isGoverned: true)
        var bare = TinyModel.registration(goldenRows: 31)
        bare.manifest.card = nil
        bare.manifest.metrics = nil
        bare.manifest.fairness = nil
        let request = bare
        _ = try await registry.register(request)
        let error = await refusal { try await registry.setAlias(.move("m", to: 1)) }
        #expect(error.code == .failedPrecondition && error.reason == "gates")
        #expect(error.message.hasPrefix("version 1 may not become m@champion, 5 gates failed: "))
        guard case .badRequest(let violations)? = error.details.first else {
            Issue.record("\(error.details)")
            return
        }
        #expect(
            violations.map(\.field) == [
                "gates.golden", "gates.card", "gates.metrics", "gates.fairness", "gates.approval",
            ])
        #expect(
            await refusal { try registry.snapshot.alias("champion", of: "m") }.code == .notFound)
        // An alias that nobody governs takes it.
        _ = try await registry.setAlias(.move("m", to: 1, id: "a-2", alias: "trial"))
    }

    @Test("who uploaded a version cannot approve it, nor does who moves the alias count")
    func approval() async throws {
        let (kit, registry) = try await registry()
        defer { kit.removeFolder() }
        let own = await refusal {
            try await registry.approve(.say(of: 1, by: "ann", id: "p-1"))
        }
        #expect(own.code == .permissionDenied && own.reason == "own_version")
        #expect(own.message.contains("ann uploaded version 1 of m: somebody else"))
        // The proven caller is who speaks, whatever the request says.
        let proven = await refusal {
            try await registry.approve(.say(of: 1, by: "carol", id: "p-2"), by: "ann")
        }
        #expect(proven.reason == "own_version")

        let said = try await registry.approve(.say(of: 1, by: "bob", id: "p-3"))
        #expect(said.person == "bob" && said.decision == .approved)
        let asker = await refusal { try await registry.setAlias(.move("m", to: 1)) }
        #expect(asker.reason == "gate_approval")
        #expect(asker.message.contains("bob, who asks for the move"))
        #expect(try await registry.approve(.say(of: 1, by: "bob", id: "p-3")) == said)
        _ = try await registry.approve(.say(of: 1, by: "carol", id: "p-4"))
        let alias = try await registry.setAlias(.move("m", to: 1))
        #expect(alias.version == 1)
        let record = try await registry.version(.init(model: "m", version: 1))
        #expect(record.version.status == .approved)
        #expect(record.state?.approvals.map(\.person) == ["bob", "carol"])
        #expect(try await kit.open().version(.init(model: "m", version: 1)) == record)
        let events = try await registry.rows.events("m")
        #expect(
            events.map(\.kind) == [
                .versionRegistered, .versionJudged, .versionJudged, .aliasMoved,
            ])
        #expect(events[2].decision == .approved && events[2].status == .approved)
        #expect(events[2].row == "status/1" && events[2].rowDigest.count == 32)
        #expect(events[3].gates.count == 11)
        #expect(events[3].gates.allSatisfy { $0.outcome == .passed })
        #expect(events[3].gates.contains { $0.finding == "approved by carol" })
    }

    @Test("a rejection stands until it is taken back; the last word of a person counts")
    func rejection() async throws {
        let (kit, registry) = try await registry()
        defer { kit.removeFolder() }
        func say(_ decision: AssayModelsV1.ApprovalDecision, _ person: String, _ id: String)
            async throws -> AssayModelsV1.VersionStatus
        {
            _ = try await registry.approve(.say(decision, of: 1, by: person, id: id))
            return try await registry.version(.init(model: "m", version: 1)).version.status
        }
        #expect(try await say(.approved, "carol", "p-1") == .approved)
        #expect(try await say(.rejected, "dan", "p-2") == .candidate)
        let error = await refusal { try await registry.setAlias(.move("m", to: 1)) }
        #expect(error.message.contains("rejected by dan"))
        #expect(try await say(.withdrawn, "dan", "p-3") == .approved)
        #expect(try await say(.withdrawn, "carol", "p-4") == .candidate)
        let nobody = await refusal { try await say(.withdrawn, "eve", "p-5") }
        #expect(nobody.reason == "nothing_to_withdraw")
        // What is said during a suspension counts afterwards.
        func set(_ status: AssayModelsV1.VersionStatus, _ id: String) async throws {
            _ = try await registry.setStatus(
                .init(
                    requestID: id, model: "m", version: 1, status: status, reason: "r",
                    actor: "bob"))
        }
        try await set(.suspended, "t-1")
        #expect(try await say(.approved, "carol", "p-6") == .suspended)
        let wrong = await refusal { try await set(.candidate, "t-2") }
        #expect(wrong.message.contains("would be approved again"))
        try await set(.approved, "t-3")
        try await set(.retired, "t-4")
        let late = await refusal { try await say(.rejected, "dan", "p-7") }
        #expect(late.reason == "version_status")
    }

    @Test("the gates of a version that replaces another: stability is asked for")
    func stability() async throws {
        let (kit, registry) = try await registry(versions: 2)
        defer { kit.removeFolder() }
        for version in 1...2 as ClosedRange<UInt32> {
            _ = try await registry.approve(.say(of: version, by: "carol", id: "p-\(version)"))
        }
        _ = try await registry.setAlias(.move("m", to: 1))
        var move = AssayModelsV1.SetAliasRequest.move("m", to: 2, from: 1, generation: 1, id: "a-2")
        let error = await refusal { [move] in try await registry.setAlias(move) }
        #expect(error.reason == "gate_stability")
        move.reason = "better; stability: one more in the intercept by design"
        move.requestID = "a-3"
        #expect(try await registry.setAlias(move).generation == 2)
    }

    @Test("a golden row that is one ulp off makes no version, and lets no alias move")
    func goldenRow() async throws {
        let (kit, registry) = try await registry()
        defer { kit.removeFolder() }
        var off = TinyModel.registration(id: "r-9")
        off.manifest.goldenRows[7].margin[0] = off.manifest.goldenRows[7].margin[0].nextUp
        let request = off
        let refused = await refusal { try await registry.register(request) }
        #expect(refused.message.contains("manifest.golden_rows[7].margin[0]"))
        // A row of the store that somebody changed.
        let key = RegistryKey(.version, "m", UInt32(1))
        var record = try #require(try await registry.rows.record("m", 1))
        record.manifest.goldenRows[7].margin[0] = record.manifest.goldenRows[7].margin[0].nextUp
        var batch = WriteBatch()
        batch.put(
            Array("default/".utf8) + key.bytes, record.encoded(), in: EmbeddedRegistryStore.family)
        try kit.store.write(batch, sync: true)
        let error = await refusal {
            try await registry.setAlias(.move("m", to: 1, alias: "trial"))
        }
        #expect(error.code == .failedPrecondition && error.reason == "version_damaged")
        #expect(error.message.contains("golden_rows[7]"))
        #expect(await refusal { try registry.snapshot.alias("trial", of: "m") }.code == .notFound)
    }
}
