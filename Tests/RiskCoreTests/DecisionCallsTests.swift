import AssayMessages
import Foundation
import RPC
import Storage
import Synchronization
import Testing
import Wire

@testable import RiskCore

@Suite("Decisions that are watched, replayed, explained and proven") struct DecisionCallsTests {
    private func filled(
        _ count: Int, _ script: FakeServices.Script = FakeServices.Script()
    ) async throws -> RiskHarness {
        let harness = try RiskHarness(script)
        for number in 1...count { _ = try await harness.assess(RiskHarness.payment("r-\(number)")) }
        return harness
    }

    private static let answering = FakeServices.Script(
        features: ["acct_txn_cnt_1h": 7, "amount": 25], probability: 0.25)

    // MARK: Watch

    @Test("a watch tells every decision once and in order, those before it and those after")
    func watch() async throws {
        let harness = try await filled(70)
        _ = try await harness.assess(RiskHarness.payment("foreign"), tenant: "other")
        try await DecisionLink.with(harness) { link in
            let ids = try await link.decisions.watchDecisions(
                .init(after: 3), options: DecisionLink.options()
            ) { replies in
                var ids: [String] = []
                for try await decision in replies {
                    ids.append(decision.requestID)
                    if ids.count == 67 {
                        _ = try await harness.assess(RiskHarness.payment("live"))
                    }
                    if ids.count == 68 { break }
                }
                return ids
            }
            #expect(ids == (4...70).map { "r-\($0)" } + ["live"])
        }
    }

    @Test("a watch goes on where it was, and refuses a place behind the end")
    func resume() async throws {
        let harness = try await filled(4)
        try await DecisionLink.with(harness) { link in
            var position: UInt64 = 0
            for expected in 1...4 {
                position = try await link.decisions.watchDecisions(
                    .init(after: position), options: DecisionLink.options()
                ) { replies in
                    for try await decision in replies {
                        #expect(decision.requestID == "r-\(expected)")
                        return decision.log.sequence
                    }
                    return 0
                }
            }
            let error = await #expect(throws: RPCError.self) {
                try await link.decisions.watchDecisions(
                    .init(after: 9), options: DecisionLink.options()
                ) { replies in for try await _ in replies {} }
            }
            #expect(error?.code == .outOfRange)
        }
    }

    @Test("who reads nothing is cut off, with the place to go on from")
    func slowReader() async throws {
        var configuration = RiskConfiguration()
        configuration.watchPatience = .milliseconds(200)
        let harness = try RiskHarness(configuration: configuration)
        for number in 1...400 { _ = try await harness.assess(RiskHarness.payment("r-\(number)")) }
        try await DecisionLink.with(harness) { link in
            let error = await #expect(throws: RPCError.self) {
                try await link.decisions.watchDecisions(
                    .init(), options: DecisionLink.options()
                ) { replies in
                    var seen: UInt64 = 0
                    for try await decision in replies {
                        #expect(decision.log.sequence == seen + 1)
                        seen = decision.log.sequence
                        if seen == 1 { try await Task.sleep(for: .seconds(3)) }
                    }
                }
            }
            #expect(error?.code == .aborted, "\(String(describing: error))")
            #expect(error?.message.contains("after = ") == true)
        }
    }

    // MARK: Replay

    private func keepRules(_ harness: RiskHarness) throws {
        let sources = try RuleSources(directory: Repository.rules)
        try harness.service.archive.keep(
            try Repository.shippedRules(), sources: sources, profile: nil)
    }

    @Test("a decision comes out again with its own rules, and the model says the same to the bit")
    func replay() async throws {
        let harness = try await filled(1, Self.answering)
        let id = UniqueID(high: 0xA55A, low: 1)
        let report = try await harness.service.replayDecision(
            .init(decisionID: id), context: RiskHarness.context())
        #expect(report.isEqual && report.modelReplayed && report.modelProblem.isEmpty)
        #expect(report.erasedFacts.isEmpty && report.sequence == 1)
        let asked = harness.fakes.predictions.withLock { $0 }
        #expect(asked.count == 2 && asked[1].selector == .version(3))
        #expect(asked[1].subjects.isEmpty && asked[1].vector == asked[0].vector)
        #expect(asked[1].values.map(\.bitPattern) == asked[0].values.map(\.bitPattern))
        #expect(asked[1].status == asked[0].status)
    }

    @Test("a model that says something else by one bit is told")
    func otherModel() async throws {
        let harness = try await filled(1, Self.answering)
        harness.fakes.script.withLock { $0.probability = 0.25.nextUp }
        let report = try await harness.service.replayDecision(
            .init(decisionID: UniqueID(high: 0xA55A, low: 1)), context: RiskHarness.context())
        #expect(!report.isEqual && report.modelReplayed)
        #expect(report.differences.map(\.field) == ["model.probability"])
        harness.fakes.script.withLock { $0.modelError = RPCError(.notFound, "no version 3") }
        let other = try await harness.service.replayDecision(
            .init(decisionID: UniqueID(high: 0xA55A, low: 1)), context: RiskHarness.context())
        #expect(other.isEqual && !other.modelReplayed)
        #expect(other.modelProblem.contains("no version 3"))
    }

    @Test("a candidate policy shows what would have come out, field by field")
    func candidate() async throws {
        let harness = try await filled(1, Self.answering)
        let text = try String(
            contentsOf: Repository.rules.appending(path: "policy/default.yaml"), encoding: .utf8)
        let strict = text.replacing(/default: \{ review: \d+, decline: \d+ \}/) { _ in
            "default: { review: 0, decline: 1 }"
        }
        #expect(strict != text)
        try harness.service.archive.keep(policyText: strict)
        let policy = try Policy(yaml: strict, file: "strict.yaml")
        let report = try await harness.service.replayDecision(
            .init(
                decisionID: UniqueID(high: 0xA55A, low: 1), mode: .candidate,
                policy: policy.digest), context: RiskHarness.context())
        #expect(!report.isEqual && report.outcome.status == .declined)
        #expect(report.differences.contains { $0.field == "status" })
        let error = await #expect(throws: RPCError.self) {
            try await harness.service.replayDecision(
                .init(
                    decisionID: UniqueID(high: 0xA55A, low: 1), mode: .candidate,
                    ruleSet: [UInt8](repeating: 1, count: 32)), context: RiskHarness.context())
        }
        #expect(error?.code == .notFound && error?.reason == "RULES_NOT_KEPT")
    }

    @Test("another tenant's decision is not found, by no call")
    func tenants() async throws {
        let harness = try await filled(1)
        let id = UniqueID(high: 0xA55A, low: 1)
        let foreign = RiskHarness.context("other")
        for call: @Sendable () async throws -> Void in [
            { _ = try await harness.service.getDecision(.init(decisionID: id), context: foreign) },
            {
                _ = try await harness.service.replayDecision(
                    .init(decisionID: id), context: foreign)
            },
            {
                _ = try await harness.service.explainDecision(
                    .init(decisionID: id), context: foreign)
            },
        ] {
            let error = await #expect(throws: RPCError.self) { try await call() }
            #expect(error?.code == .notFound)
            #expect(error?.message.contains("there is") == false)
        }
    }

    // MARK: Explain

    @Test("an explanation has the rules of then with what they read, and hides personal values")
    func explain() async throws {
        var script = Self.answering
        script.probability = 0.5
        let harness = try RiskHarness(script)
        var payment = RiskHarness.payment()
        payment.network?.isVpn = true
        _ = try await harness.assess(payment)
        let id = UniqueID(high: 0xA55A, low: 1)
        let explanation = try await harness.service.explainDecision(
            .init(decisionID: id), context: RiskHarness.context())
        let trace = try #require(explanation.rules.first { $0.rule == "NET-001" })
        #expect(trace.verdict == .hit && trace.condition.contains("ip.is_vpn"))
        let read = trace.facts.map { explanation.facts[Int($0)].name }
        #expect(read.contains("ip.is_vpn"))
        #expect(explanation.rules.contains { $0.verdict == .noHit })
        let missing = explanation.rules.first { $0.verdict == .notEvaluated }
        #expect(missing?.cause.isEmpty == false)
        #expect(explanation.facts.allSatisfy { $0.name != "ip.addr" || $0.value == nil })
        #expect(explanation.attributionsProblem.contains("explains nothing"))

        let refused = await #expect(throws: RPCError.self) {
            try await harness.service.explainDecision(
                .init(decisionID: id, personal: true), context: RiskHarness.context())
        }
        #expect(refused?.code == .permissionDenied)
        let context = ServerContext(
            method: AssayRiskV1.RiskAssessment.explainDecision,
            caller: Caller(
                tenant: "acme", client: "tests", scopes: [RiskService.personalScope]))
        let personal = try await harness.service.explainDecision(
            .init(decisionID: id, personal: true), context: context)
        #expect(
            personal.facts.first { $0.name == "ip.addr" }?.value == .text("203.0.113.9"))
    }

    @Test("typologies, and facts that only they read, are shown to those who may know of them")
    func typologies() async throws {
        let harness = try RiskHarness(Self.answering)
        _ = try await harness.assess(RiskHarness.payment())
        let id = UniqueID(high: 0xA55A, low: 1)
        func explanation(_ scopes: [String]) async throws -> AssayRiskV1.DecisionExplanation {
            try await harness.service.explainDecision(
                .init(decisionID: id),
                context: ServerContext(
                    method: AssayRiskV1.RiskAssessment.explainDecision,
                    caller: Caller(tenant: "acme", client: "tests", scopes: scopes)))
        }
        let all = try await explanation([RiskService.typologyScope])
        let some = try await explanation([])
        #expect(all.rules.contains { $0.rule.hasPrefix("AML-") })
        #expect(!some.rules.contains { $0.rule.hasPrefix("AML-") })
        #expect(some.rules.count > 100)
        #expect(all.facts.contains { $0.name == "agg.cash_cnt_below_24h" })
        #expect(!some.facts.contains { $0.name == "agg.cash_cnt_below_24h" })
        for trace in some.rules {
            let own = all.rules.first { $0.rule == trace.rule }
            #expect(
                trace.facts.map { some.facts[Int($0)].name }
                    == own?.facts.map { all.facts[Int($0)].name })
        }
    }

    // MARK: Verify

    private func verify(
        _ link: DecisionLink, _ request: AssayRiskV1.VerifyLogRequest = .init()
    ) async throws -> AssayRiskV1.VerifyProgress {
        try await link.log.verifyLog(request, options: DecisionLink.options()) { replies in
            var last = AssayRiskV1.VerifyProgress()
            for try await step in replies { last = step }
            return last
        }
    }

    @Test("the log of a running service is proven, and each so manieth decision made again")
    func verifyLog() async throws {
        let harness = try await filled(9, Self.answering)
        try await DecisionLink.with(harness) { link in
            try link.archive.keep(
                try Repository.shippedRules(),
                sources: try RuleSources(directory: Repository.rules), profile: nil)
            link.archive.remember(try Repository.policy("default"))
            let whole = try await verify(link, .init(replayEach: 2))
            #expect(whole.isDone && whole.problem == nil && whole.records == 9)
            #expect(whole.replayed == 4 && whole.differing == 0)
            #expect(whole.chain == harness.log.chain && whole.lastSequence == 9)
            let part = try await verify(link, .init(from: 3, to: 6))
            #expect(part.isDone && part.records == 4 && part.lastSequence == 6)
            let error = await #expect(throws: RPCError.self) {
                try await verify(link, .init(to: 10))
            }
            #expect(error?.code == .invalidArgument)

            let key = DecisionLog.key(5)
            var bytes = try #require(try harness.store.get(key, in: DecisionLog.records))
            bytes[bytes.count / 2] ^= 1
            var batch = WriteBatch()
            batch.put(key, bytes, in: DecisionLog.records)
            try harness.store.write(batch, sync: false)
            let broken = try await verify(link)
            #expect(broken.isDone && broken.lastSequence == 4 && broken.problem?.sequence == 5)
        }
    }

    @Test("a deep verification holds what is kept beside the records against what they say of it")
    func deep() async throws {
        let harness = try await filled(6, Self.answering)
        try await DecisionLink.with(harness) { link in
            let whole = try await verify(link, .init(deep: true))
            #expect(whole.isDone && whole.evidence == 6 && whole.erased + whole.altered == 0)

            var evidence = try #require(try DecisionEvidence.read(4, from: harness.store))
            evidence.personal[evidence.personal.count - 1] ^= 1
            var batch = WriteBatch()
            evidence.put(4, into: &batch)
            batch.delete(DecisionLog.key(2), in: DecisionEvidence.family)
            try harness.store.write(batch, sync: false)
            let altered = try await verify(link, .init(deep: true))
            #expect(altered.isDone && altered.problem == nil && altered.records == 6)
            #expect(altered.evidence == 4 && altered.erased == 1 && altered.altered == 1)
            #expect(altered.alteredFirst?.sequence == 4)
            #expect(try await verify(link).altered == 0)

            let rows = try harness.store.rows(DecisionIndex.requests, limit: 1)
            let row = try #require(rows.first)
            var request = WriteBatch()
            request.put(row.key, row.value + [0], in: DecisionIndex.requests)
            try harness.store.write(request, sync: false)
            let other = try await verify(link, .init(deep: true))
            #expect(other.altered == 2)
            #expect(other.alteredFirst?.reason.contains("request") == true)
        }
    }
}
