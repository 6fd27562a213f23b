import AssayMessages
import RPC
import Storage
import Testing
import Wire

@testable import ModelCore

@Suite("The log of outcomes")
struct OutcomeLogTests {
    private func values(_ kit: AnalysisKit, _ name: String) async throws -> [Double] {
        let horizon = try await kit.outcomes.horizon()
        var values: [Double] = []
        try kit.outcomes.visit(name, before: horizon) { values.append($0.outcome.value) }
        return values
    }

    @Test("an outcome delivered twice counts once, in one stream and over a restart")
    func repeated() async throws {
        let kit = try AnalysisKit()
        defer { kit.close() }
        let outcome = kit.outcome("o-1", of: "r-1", "outcome.loss", 12.5)
        let first = try await kit.outcomes.record([outcome, outcome])
        #expect(first.recorded == 1 && first.repeated == 1)
        let second = try await kit.outcomes.record([outcome])
        #expect(second.recorded == 0 && second.repeated == 1 && second.conflicts.isEmpty)
        let time = kit.time
        let reopened = try OutcomeLog(store: kit.store, now: { time.now })
        let third = try await reopened.record([outcome])
        #expect(third.recorded == 0 && third.repeated == 1)
        kit.time.advance(by: 1)
        #expect(try await values(kit, "outcome.loss") == [12.5])
    }

    @Test("an id with other contents is a conflict: told, and the first stays")
    func conflict() async throws {
        let kit = try AnalysisKit()
        defer { kit.close() }
        _ = try await kit.outcomes.record([kit.outcome("o-1", of: "r-1", "outcome.loss", 1)])
        let other = kit.outcome("o-1", of: "r-1", "outcome.loss", 2)
        let same = kit.outcome("o-2", of: "r-1", "outcome.loss", 3)
        let tally = try await kit.outcomes.record([other, same, same])
        #expect(tally.conflicts == ["o-1"] && tally.recorded == 1 && tally.repeated == 1)
        kit.time.advance(by: 1)
        #expect(try await values(kit, "outcome.loss") == [1, 3])
    }

    @Test("after a horizon was taken nothing is recorded before it, even if the clock goes back")
    func horizon() async throws {
        let kit = try AnalysisKit()
        defer { kit.close() }
        _ = try await kit.outcomes.record([kit.outcome("o-1", of: "r-1", "outcome.loss", 1)])
        kit.time.advance(by: 10)
        let horizon = try await kit.outcomes.horizon()
        let late = kit.outcome("o-2", of: "r-1", "outcome.loss", 2, observed: kit.now - 60)
        kit.time.advance(by: -50)
        _ = try await kit.outcomes.record([late])
        var seen: [Double] = []
        try kit.outcomes.visit("outcome.loss", before: horizon) { seen.append($0.outcome.value) }
        #expect(seen == [1])
        // The log's clock survives a restart, also where nothing was recorded since.
        kit.time.advance(by: 5_000)
        let last = try await kit.outcomes.horizon()
        kit.time.advance(by: -5_000)
        let time = kit.time
        let reopened = try OutcomeLog(store: kit.store, now: { time.now })
        #expect(try await reopened.horizon() == last && last > horizon)
    }

    @Test(
        "what cannot be an outcome is refused with its place, and nothing beside it is stored",
        arguments: [
            ("Loss", 1.0, "outcomes[1].name"), ("loss", 1, "outcomes[1].name"),
            ("outcome..loss", 1, "outcomes[1].name"), ("outcome/x.loss", 1, "outcomes[1].name"),
            ("outcome.loss", .infinity, "outcomes[1].value"),
        ])
    func refused(name: String, value: Double, place: String) async throws {
        let kit = try AnalysisKit()
        defer { kit.close() }
        let good = kit.outcome("o-1", of: "r-1", "outcome.loss", 1)
        let bad = kit.outcome("o-2", of: "r-1", name, value)
        let error = await refusal { try await kit.outcomes.record([good, bad]) }
        #expect(error.code == .invalidArgument && error.message.hasPrefix(place))
        kit.time.advance(by: 1)
        #expect(try await values(kit, "outcome.loss").isEmpty)
    }

    @Test("an outcome from the future, or of nothing, is refused")
    func impossible() async throws {
        let kit = try AnalysisKit()
        defer { kit.close() }
        let early = kit.outcome("o-1", of: "r", "outcome.loss", 1, observed: kit.now + 300_001)
        #expect(await refusal { try await kit.outcomes.record([early]) }.message.contains("future"))
        let nobody = kit.outcome("o-2", of: "", "outcome.loss", 1)
        #expect(await refusal { try await kit.outcomes.record([nobody]) }.code == .invalidArgument)
    }

    @Test("a damaged row is an error, not a wrong sum")
    func damaged() async throws {
        let kit = try AnalysisKit()
        defer { kit.close() }
        _ = try await kit.outcomes.record([kit.outcome("o-1", of: "r-1", "outcome.loss", 1)])
        let rows = try kit.store.rows("analysis", limit: 10)
        for row in rows where String(decoding: row.key, as: UTF8.self).contains("/outcome/") {
            var batch = WriteBatch()
            batch.put(row.key, Array(row.value.dropLast(3)), in: "analysis")
            try kit.store.write(batch, sync: true)
        }
        kit.time.advance(by: 1)
        await #expect(throws: StorageError.self) { try await values(kit, "outcome.loss") }
    }
}
