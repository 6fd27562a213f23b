import AssayMessages
import Foundation
import RPC
import Storage
import Testing
import Wire

@testable import RiskCore

@Suite("Decisions replayed after changes of the rules") struct RuleChangeReplayTests {
    /// The shipped rules, and three changes of them, each with a policy of its own or the one
    /// before.
    static func generations() throws -> [(RuleSources, profile: String?, policy: String)] {
        let sources = try RuleSources(directory: Repository.rules)
        let policy = try String(
            contentsOf: Repository.rules.appending(path: "policy/default.yaml"), encoding: .utf8)
        var scored = sources
        for index in scored.packs.indices {
            scored.packs[index].text = scored.packs[index].text
                .replacingOccurrences(of: "score: 10\n", with: "score: 13\n")
                .replacingOccurrences(of: "score: 25\n", with: "score: 22\n")
        }
        var tuned = scored
        tuned.parameters.text = tuned.parameters.text
            .replacingOccurrences(of: "gbp-usd: 100000 }", with: "gbp-usd: 30000 }")
        let strict = policy.replacingOccurrences(
            of: "default: { review: 40, decline: 70 }", with: "default: { review: 20, decline: 50 }"
        )
        return [
            (sources, nil, policy), (scored, nil, policy), (tuned, nil, strict),
            (tuned, "seed", strict),
        ]
    }

    /// `ASSAY_REPLAY_COUNT` says how many; `make replay-decisions` runs the whole number.
    @Test("2,000 decisions come out again byte for byte after three changes of rules and policy")
    func changes() async throws {
        let count =
            ProcessInfo.processInfo.environment["ASSAY_REPLAY_COUNT"].flatMap { Int($0) } ?? 2_000
        let harness = try RiskHarness(FakeServices.Script(probability: 0.4))
        let archive = RuleArchive(store: harness.store)
        var digests: Set<[UInt8]> = []
        var random = SeededGenerator(seed: 14)
        for (generation, files) in try Self.generations().enumerated() {
            var loader = RuleSetLoader(files.0, profile: files.profile, runsTests: false)
            let rules = try loader.load()
            try archive.keep(rules, sources: files.0, profile: files.profile)
            try archive.keep(policyText: files.policy)
            digests.insert(rules.digest)
            let service = RiskService(
                rules: rules, policy: try Policy(yaml: files.policy, file: "policy.yaml"),
                features: harness.fakes, models: harness.fakes, store: harness.store,
                log: harness.log, surroundings: harness.service.surroundings)
            for number in 0..<count / 4 {
                let request = Self.payment(generation, number, &random)
                harness.fakes.script.withLock { script in
                    script.probability = Double.random(in: 0...1, using: &random)
                    script.features = [
                        "acct_txn_cnt_1h": Double.random(in: 0...9, using: &random).rounded(),
                        "card_txn_cnt_24h": Double.random(in: 0...40, using: &random).rounded(),
                    ]
                }
                _ = try await service.assessTransaction(
                    request, context: RiskHarness.context("tenant-\(number % 3)"))
            }
        }
        #expect(digests.count == 4)
        await harness.log.close()

        // As another process, long after: nothing is at hand but the store.
        var walk = try LogWalk(harness.store)
        var replay = ReplayRange(store: harness.store, archive: RuleArchive(store: harness.store))
        while try walk.advance(records: 500, visit: { _, record in try replay.replay(record) }) {}
        #expect(walk.report.firstProblem == nil)
        #expect(replay.report.replayed == UInt64(count / 4 * 4))
        #expect(replay.report.differing == 0, "\(replay.report.differences)")
        #expect(
            replay.report.unreplayable == 0, "\(String(describing: replay.report.firstProblem))")
    }

    private static func payment(
        _ generation: Int, _ number: Int, _ random: inout SeededGenerator
    ) -> AssayRiskV1.AssessTransactionRequest {
        var payment = RiskHarness.payment("g\(generation)-\(number)")
        let amounts: [Decimal64] = ["25.00", "300.00", "1000.00", "9999.00", "50000.00"]
        payment.transaction.amount = Money(amounts[number % 5], "EUR")
        payment.network?.isVpn = Bool.random(using: &random)
        payment.network?.isTor = number % 7 == 0
        payment.transaction.channel = number % 2 == 0 ? "app" : "pos"
        if number % 3 == 0 { payment.card = nil }
        if number % 4 == 0 {
            payment.device = AssayRiskV1.Device(
                canvasFingerprint: "c-\(number % 5)", gpuInfo: "Goldfish", os: "Android",
                rooted: Bool.random(using: &random))
        }
        if number % 5 == 0 {
            payment.claimed = AssayRiskV1.Claimed(
                accountAgeDays: Int64.random(in: 0...40, using: &random))
        }
        payment.useModel = number % 6 != 0
        return payment
    }
}
