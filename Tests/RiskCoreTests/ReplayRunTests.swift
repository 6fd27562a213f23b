import AssayMessages
import Foundation
import RPC
import RuleLanguage
import Storage
import Testing
import Wire

@testable import RiskCore

@Suite("Decisions that are made again") struct ReplayRunTests {
    /// Every record of a log with its evidence.
    private func records(
        _ harness: RiskHarness
    ) throws -> [(record: AssayRiskV1.DecisionRecord, evidence: DecisionEvidence?)] {
        var records: [AssayRiskV1.DecisionRecord] = []
        try harness.store.scan(DecisionLog.records, .all, reversed: false) { _, value in
            records.append(try SealedRecord.open(Array(value)))
            return true
        }
        return try records.map { ($0, try DecisionEvidence.read($0.sequence, from: harness.store)) }
    }

    /// Payments that differ in what is known, asked, and answered.
    private func payments(_ count: Int, seed: UInt64) -> [AssayRiskV1.AssessTransactionRequest] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { number in
            var payment = RiskHarness.payment("r-\(seed)-\(number)")
            let amounts: [Decimal64] = ["25.00", "1000.01", "12345.67", "999.99", "50000.00"]
            payment.transaction.amount = Money(
                amounts[number % amounts.count], Bool.random(using: &random) ? "EUR" : "USD")
            if Bool.random(using: &random) { payment.card = nil }
            if Bool.random(using: &random) { payment.network?.isVpn = true }
            if Bool.random(using: &random) { payment.network?.isTor = nil }
            if Bool.random(using: &random) { payment.customer = nil }
            if Bool.random(using: &random) {
                payment.device = AssayRiskV1.Device(
                    canvasFingerprint: "c-\(number % 3)", gpuInfo: "Goldfish", os: "Android",
                    rooted: Bool.random(using: &random))
            }
            if Bool.random(using: &random) {
                payment.claimed = AssayRiskV1.Claimed(
                    accountAgeDays: Int64.random(in: 0...40, using: &random),
                    transactionsLastHour: Int64.random(in: 0...9, using: &random), isVpn: false)
            }
            payment.industry =
                [.fintech, .crypto, .unspecified].randomElement(using: &random)
                ?? .lending
            payment.useModel = Bool.random(using: &random)
            return payment
        }
    }

    private func mixed(_ harness: RiskHarness, _ count: Int = 40) async throws {
        for (number, payment) in payments(count, seed: 7).enumerated() {
            harness.fakes.script.withLock { script in
                script.probability = [nil, 0.01, 0.5, 0.97][number % 4]
                script.features =
                    number % 3 == 0 ? [:] : ["acct_txn_cnt_1h": Double(number % 9), "amount": 25]
                script.featuresError = number % 11 == 5 ? RPCError(.unavailable, "away") : nil
                script.modelError = number % 13 == 7 ? RPCError(.internal, "broken") : nil
            }
            harness.clock.milliseconds.withLock { $0 += 10_000 }
            _ = try await harness.assess(payment)
        }
    }

    @Test("a recorded frame has every fact, status and claim that the rules saw")
    func frame() async throws {
        let harness = try RiskHarness()
        var payment = RiskHarness.payment()
        payment.claimed = AssayRiskV1.Claimed(transactionsLastHour: 6)
        _ = try await harness.assess(payment)
        let (record, evidence) = try #require(try records(harness).first)
        let catalogue = try Repository.shippedRules().catalogue
        let frame = try RecordedFrame(record, evidence: evidence, catalogue: catalogue)
        func value(_ name: String) -> Constant? {
            catalogue.schema.slot(of: name).flatMap { frame.sheet.frame.value(at: $0) }
        }
        #expect(value("ip.addr") == .string("203.0.113.9"))
        #expect(value("tx.amount") == .int(2_500))
        #expect(value("vel.acct_cnt_1h") == .int(6))
        #expect(
            frame.sheet.claimed.map { catalogue.entries[$0].name } == ["vel.acct_cnt_1h"])
        #expect(frame.subjects == ["cust-1", "acct-1"])
        #expect(frame.occurredAt == payment.transaction.occurredAt.seconds)
        #expect(frame.expected.has(.card) && !frame.expected.has(.loan))
        #expect(frame.erased.isEmpty && frame.unknown.isEmpty)
    }

    @Test("every decision comes out again byte for byte, whatever was known and answered")
    func recorded() async throws {
        let harness = try RiskHarness()
        try await mixed(harness)
        var run = ReplayRun(
            rules: try Repository.shippedRules(), policy: try Repository.policy("default"))
        var statuses: Set<AssayRiskV1.Status> = []
        for (record, evidence) in try records(harness) {
            let frame = try RecordedFrame(
                record, evidence: evidence, catalogue: run.rules.catalogue)
            let result = try run.decide(frame)
            let differences = OutcomeComparison.differences(record.outcome, result.outcome)
            #expect(differences.isEmpty, "record \(record.sequence): \(differences)")
            statuses.insert(record.outcome.status)
        }
        #expect(statuses.count >= 3)
    }

    @Test("a loan application comes out again byte for byte")
    func credit() async throws {
        let harness = try RiskHarness(
            CreditTests.answer(0.3, [("CR_DURATION", 0.4), ("CR_SAVINGS", -0.1)]))
        _ = try await harness.service.assessCredit(
            CreditTests.application(), context: RiskHarness.context())
        var run = ReplayRun(
            rules: try Repository.shippedRules(), policy: try Repository.policy("default"))
        let (record, evidence) = try #require(try records(harness).first)
        let frame = try RecordedFrame(record, evidence: evidence, catalogue: run.rules.catalogue)
        let result = try run.decide(frame)
        #expect(OutcomeComparison.differences(record.outcome, result.outcome).isEmpty)
    }

    @Test("facts that were erased are named, and rules that read them are left out")
    func erased() async throws {
        let harness = try RiskHarness()
        var payment = RiskHarness.payment()
        payment.network?.isVpn = true
        _ = try await harness.assess(payment)
        let (record, _) = try #require(try records(harness).first)
        var run = ReplayRun(
            rules: try Repository.shippedRules(), policy: try Repository.policy("default"))
        let frame = try RecordedFrame(record, evidence: nil, catalogue: run.rules.catalogue)
        #expect(frame.erased.contains("ip.is_vpn") && !frame.erased.contains("tx.amount"))
        let result = try run.decide(frame)
        #expect(result.rulesLeftOut.contains("NET-001"))
        #expect(!result.outcome.flags.contains { $0.rule == "NET-001" })
        #expect(record.outcome.flags.contains { $0.rule == "NET-001" })
    }

    @Test("values that are not those that were committed to are not taken, none of them")
    func forgedEvidence() async throws {
        let harness = try RiskHarness()
        _ = try await harness.assess(RiskHarness.payment())
        let (record, evidence) = try #require(try records(harness).first)
        var forged = try #require(evidence)
        let catalogue = try Repository.shippedRules().catalogue
        let commitment = try #require(record.facts).commitment
        var personal = try #require(forged.facts(of: commitment))
        let index = try #require(personal.textKeys.firstIndex(of: NameKey.of("ip.addr")))
        personal.texts[index] = "203.0.113.10"
        forged.personal = personal.encoded()
        let frame = try RecordedFrame(record, evidence: forged, catalogue: catalogue)
        let keys = Set(personal.columns.joined())
        let hidden = catalogue.entries.filter { keys.contains(NameKey.of($0.name)) }
        #expect(frame.erased == hidden.map(\.name) && frame.erased.contains("ip.addr"))
    }

    @Test("lists of texts come back as they were, whatever stands in them")
    func lists() {
        let lists: [[String]] = [
            [], [""], ["", ""], ["a"], ["a,b", "c"], ["\\"], ["\\e", ","], ["e", "", "é,\\,"],
        ]
        for list in lists {
            let constant = Constant.list(list.map { .string($0) })
            let back = FactValueCode.message(constant)
                .flatMap { FactValueCode.constant($0, as: .list(.string)) }
            #expect(back == constant, "\(list)")
        }
        #expect(FactValueCode.message(.string(String(repeating: "x", count: 1_025))) == nil)
    }

    @Test("the rules of then are compiled again from what is kept, with the same digest")
    func archive() async throws {
        let harness = try RiskHarness()
        try await mixed(harness, 12)
        let sources = try RuleSources(directory: Repository.rules)
        let rules = try Repository.shippedRules()
        let policyText = try String(
            contentsOf: Repository.rules.appending(path: "policy/default.yaml"), encoding: .utf8)
        let writing = RuleArchive(store: harness.store)
        try writing.keep(rules, sources: sources, profile: nil)
        try writing.keep(policyText: policyText)

        let archive = RuleArchive(store: harness.store)
        #expect(try archive.ruleSets() == [rules.digest])
        #expect(try archive.ruleSet(rules.digest).rules.count == rules.rules.count)
        var range = ReplayRange(store: harness.store, archive: archive)
        for (record, _) in try records(harness) { try range.replay(record) }
        #expect(range.report.replayed == 12 && range.report.differing == 0)
        #expect(throws: RuleArchive.Failure.self) {
            try archive.ruleSet([UInt8](repeating: 1, count: 32))
        }
    }

    @Test("a kept file that was altered is not compiled")
    func alteredArchive() throws {
        let harness = try RiskHarness()
        let rules = try Repository.shippedRules()
        try RuleArchive(store: harness.store).keep(
            rules, sources: try RuleSources(directory: Repository.rules), profile: nil)
        let rows = try harness.store.rows(RuleArchive.family, limit: 100)
        let file = try #require(rows.first { $0.key[0] == 0x46 })
        var batch = WriteBatch()
        batch.put(file.key, file.value + [0x20], in: RuleArchive.family)
        try harness.store.write(batch, sync: false)
        let error = #expect(throws: RuleArchive.Failure.self) {
            try RuleArchive(store: harness.store).ruleSet(rules.digest)
        }
        #expect("\(String(describing: error))".contains("altered"))
    }
}
