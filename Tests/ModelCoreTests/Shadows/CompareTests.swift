import AssayMessages
import Foundation
import RPC
import Statistics
import Testing
import Wire

@testable import ModelCore

@Suite("A shadow beside what was answered")
struct CompareTests {
    private func compare(
        _ kit: ShadowKit, outcomes: OutcomeLog? = nil, maximum: Int = 1_000_000,
        _ change: (inout AssayModelsV1.CompareRequest) -> Void = { _ in }
    ) async throws -> AssayModelsV1.Comparison {
        var request = AssayModelsV1.CompareRequest(model: "m", shadow: "next")
        change(&request)
        let service = ModelMonitoringService(
            ShadowComparer(
                kit.registry, log: kit.log, outcomes: outcomes, maximumCalls: maximum))
        return try await service.compare(
            request,
            context: ServerContext(
                method: AssayModelsV1.ModelMonitoring.compare,
                caller: Caller(tenant: "bank", client: "ci")))
    }

    /// Rows as a shadow leaves them, with the scores they are made of.
    private func fill(
        _ kit: ShadowKit, _ count: Int, live: UInt32 = 1, shadow: UInt32 = 2
    ) -> [ScoreComparison.Pair] {
        let pairs = (0..<count).map { number in
            let score = Double((number * 7_919) % 1_000) / 1_000
            return ScoreComparison.Pair(champion: score, challenger: (score * score + score) / 2)
        }
        for (number, pair) in pairs.enumerated() {
            _ = kit.log.record(
                AssayModelsV1.ShadowRow(
                    requestID: "c-\(number)",
                    at: Timestamp(nanosecondsSinceEpoch: Int64(number) * 1_000_000_000),
                    revision: 1, live: .init(version: live, margin: 1, score: pair.champion),
                    shadow: .init(version: shadow, margin: 1, score: pair.challenger)),
                model: "m", shadow: "next")
        }
        kit.log.drain()
        kit.kit.clock.withLock { $0 += 1_000 }
        return pairs
    }

    @Test("the comparison is the library's own, over the rows of the log")
    func equal() async throws {
        let kit = try await ShadowKit()
        defer { kit.kit.removeFolder() }
        try await kit.apply()
        let pairs = fill(kit, 500)
        let found = try await compare(kit) {
            $0.threshold = 0.6
            $0.challengerThreshold = 0.5
        }
        let expected = ScoreComparison(pairs, championThreshold: 0.6, challengerThreshold: 0.5)
        #expect(found.baseline == 1 && found.challenger == 2 && found.rows == 500)
        #expect(found.both.calls == UInt64(expected.both.calls))
        #expect(found.onlyBaseline.calls == UInt64(expected.onlyChampion.calls))
        #expect(found.onlyChallenger.calls == UInt64(expected.onlyChallenger.calls))
        #expect(found.neither.calls == UInt64(expected.neither.calls))
        #expect(found.agreement == expected.agreement && found.kappa == expected.kappa)
        #expect(found.stabilityIndex == expected.stabilityIndex && found.stabilityIndex > 0)
        #expect(found.meanDifference == expected.meanDifference)
        #expect(found.largestDifference == expected.largestDifference)
        #expect(found.rankCorrelation == 1)
        #expect(found.firstAt?.seconds == 0 && found.lastAt?.seconds == 499)
        // The highest band of both begins above 0.7.
        let banded = try await compare(kit)
        let above = pairs.count { $0.champion > 0.7 && $0.challenger > 0.7 }
        #expect(banded.both.calls == UInt64(above) && banded.baselineThreshold == 0.7.nextUp)
        let medium = try await compare(kit) { $0.band = "medium" }
        #expect(medium.challengerThreshold == 0.4.nextUp)
    }

    @Test("the same horizon gives the same bytes, whatever came later; rows of others are left out")
    func horizon() async throws {
        let kit = try await ShadowKit()
        defer { kit.kit.removeFolder() }
        try await kit.apply()
        _ = fill(kit, 200)
        let first = try await compare(kit)
        kit.kit.clock.withLock { $0 += 1 }
        _ = fill(kit, 300, live: 3)
        _ = fill(kit, 50, live: 2)
        let again = try await compare(kit) { $0.asOf = first.horizon }
        #expect(again.encoded() == first.encoded() && first.contentHash.count == 32)
        let later = try await compare(kit)
        #expect(later.baseline == 3 && later.rows == 300 && later.otherRows == 250)
        let named = try await compare(kit) { $0.baseline = 1 }
        #expect(named.rows == 200 && named.otherRows == 350)
        let since = try await compare(kit) {
            $0.baseline = 3
            $0.since = first.horizon
        }
        #expect(since.rows == 300 && since.otherRows == 50)
    }

    @Test("outcomes say what came of the calls that only one selects")
    func outcomes() async throws {
        let kit = try await ShadowKit()
        defer { kit.kit.removeFolder() }
        let clock = kit.kit
        let outcomes = try OutcomeLog(store: kit.kit.store) {
            Timestamp(nanosecondsSinceEpoch: clock.clock.withLock { $0 } * 1_000_000)
        }
        try await kit.apply()
        let pairs = fill(kit, 100)
        let selected = pairs.indices.filter {
            pairs[$0].champion >= 0.6 && pairs[$0].challenger < 0.6
        }
        let known = selected.prefix(5)
        _ = try await outcomes.record(
            known.enumerated().map { place, number in
                AssayModelsV1.Outcome(
                    id: "o-\(number)", subject: .decision("c-\(number)"), name: "outcome.fraud",
                    value: place == 0 ? 1 : 0, observedAt: kit.registry.now())
            })
        clock.clock.withLock { $0 += 1 }
        let found = try await compare(kit, outcomes: outcomes) {
            $0.threshold = 0.6
            $0.outcome = "outcome.fraud"
        }
        #expect(known.count == 5 && found.onlyBaseline.calls == UInt64(selected.count))
        #expect(found.onlyBaseline.labelled == 5 && found.onlyBaseline.positives == 1)
        #expect(found.both.labelled == 0)
    }

    @Test("what cannot be compared is refused with what to say instead")
    func refused() async throws {
        let kit = try await ShadowKit()
        defer { kit.kit.removeFolder() }
        try await kit.apply()
        let nothing = await refusal { try await compare(kit) }
        #expect(nothing.code == .failedPrecondition && nothing.reason == "nothing_to_compare")
        _ = fill(kit, 20)
        let both = await refusal {
            try await compare(kit) {
                $0.band = "high"
                $0.threshold = 0.5
            }
        }
        #expect(both.message.contains("band: a threshold is stated too"))
        let band = await refusal { try await compare(kit) { $0.band = "hgh" } }
        #expect(band.message.contains("has low, medium, high, not \"hgh\""))
        let low = await refusal { try await compare(kit) { $0.band = "low" } }
        #expect(low.message.contains("every call is selected"))
        let future = await refusal {
            try await compare(kit) { $0.asOf = Timestamp(nanosecondsSinceEpoch: 1 << 61) }
        }
        #expect(future.message.contains("as_of"))
        let unknown = await refusal { try await compare(kit) { $0.shadow = "nxt" } }
        #expect(unknown.code == .notFound)
        let outcome = await refusal { try await compare(kit) { $0.outcome = "outcome.fraud" } }
        #expect(outcome.message.contains("keeps no outcomes"))
    }

    @Test("more calls than one comparison takes are refused with the times of the newest")
    func tooMany() async throws {
        let kit = try await ShadowKit()
        defer { kit.kit.removeFolder() }
        try await kit.apply()
        _ = fill(kit, 60)
        let later = kit.registry.now()
        _ = fill(kit, 40)
        #expect(try await compare(kit, maximum: 100).rows == 100)
        let refused = await refusal { try await compare(kit, maximum: 99) }
        #expect(refused.code == .failedPrecondition && refused.reason == "too_many_calls")
        #expect(refused.message.contains("more than 99 such calls"))
        let words = refused.message.split(separator: " ")
        let since = try #require(
            words.firstIndex(of: "--since").map { Timestamp("\(words[$0 + 1])") })
        let asOf = try #require(
            words.firstIndex(of: "--as-of").map { Timestamp("\(words[$0 + 1])") })
        let newest = try await compare(kit, maximum: 99) {
            $0.since = since
            $0.asOf = asOf
        }
        #expect(newest.rows == 40 && since.map { $0 <= later } == true)
    }

    @Test("an ended version is not loaded for its bands; a stated score needs none")
    func ended() async throws {
        let kit = try await ShadowKit()
        defer { kit.kit.removeFolder() }
        try await kit.apply()
        _ = fill(kit, 20, live: 3)
        _ = try await kit.registry.setStatus(
            .init(
                requestID: "t-1", model: "m", version: 3, status: .retired, reason: "old",
                ticket: "RISK-7",
                actor: "ann"), by: "bob")
        let refused = await refusal { try await compare(kit) }
        #expect(refused.code == .failedPrecondition && refused.reason == "version_retired")
        #expect(refused.message.contains("it is retired by bob: old"))
        #expect(refused.message.contains("--threshold"))
        #expect(try await compare(kit) { $0.threshold = 0.5 }.rows == 20)
    }

    @Test("challenger shadowed, compared, and the alias moved: the whole way")
    func story() async throws {
        let kit = try await ShadowKit()
        defer { kit.kit.removeFolder() }
        let runner = ShadowRunner(
            kit.registry, log: kit.log, threads: 8, score: ShadowScorer.predicting)
        defer { runner.close() }
        let service = ModelServingService(kit.registry)
        func evidence() async throws -> ShadowEvidence? {
            try await kit.registry.shadowEvidence(for: 2, of: "m", against: 1)
        }
        #expect(try await evidence() == nil)
        try await kit.apply(ShadowKit.file(("queue: 16", "queue: 4096")))
        for number in 0..<300 {
            let value = Double((number * 37) % 100) / 25
            _ = try await kit.predict(service, "c-\(number)", [value, -1])
        }
        try await until("all were scored") { kit.activity().scored == 300 }
        kit.log.drain()
        kit.kit.clock.withLock { $0 += 1_000 }
        let found = try await compare(kit)
        #expect(found.rows == 300 && found.unusable == 0)
        // Version 2 weighs a more, so it selects whom version 1 selects, and more.
        #expect(found.onlyBaseline.calls == 0 && found.onlyChallenger.calls > 0)
        #expect(found.meanDifference > 0 && (found.rankCorrelation ?? 0) > 0.999)
        let shown = try await evidence()
        #expect(shown?.shadow == "next" && shown?.rows == 300)
        #expect(shown?.stabilityIndex == found.stabilityIndex)

        _ = try await kit.registry.setAlias(
            .move("m", to: 2, from: 1, generation: 1, id: "a-2"))
        let reply = try await kit.predict(service, "c-301", [1, -1])
        #expect(reply.version == 2)
        try await until("the answer was taken over") { kit.activity().scored == 301 }
        kit.log.drain()
        kit.kit.clock.withLock { $0 += 1_000 }
        // Calls that the version answered itself say nothing about a move.
        let after = try await compare(kit)
        #expect(after.rows == 300 && after.otherRows == 1 && after.baseline == 1)
    }
}
