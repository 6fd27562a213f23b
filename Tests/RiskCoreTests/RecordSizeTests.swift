import AssayMessages
import Foundation
import RPC
import RuleLanguage
import Simulation
import Storage
import Testing
import Wire

@testable import RiskCore

@Suite("The size of decision records") struct RecordSizeTests {
    /// Sizes of the fields of one record, by number, and of the fields of its outcome.
    private func sizes(_ bytes: [UInt8], _ range: Range<Int>? = nil) throws -> String {
        var sizes: [Int: Int] = [:]
        var scanner = RecordScanner(bytes, range)
        while let field = try scanner.next() {
            sizes[field.number, default: 0] += field.end - field.start
        }
        return sizes.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
            .joined(separator: ", ")
    }

    private func show(_ record: [UInt8]) throws {
        let sealed = try SealedRecord.verify(record)
        let opened: AssayRiskV1.DecisionRecord = try SealedRecord.open(record)
        print(
            "record of \(record.count) bytes by field:", try sizes(record, sealed.payloadRange))
        print("  its facts:", try sizes(opened.facts?.encoded() ?? []))
        print("  its outcome:", try sizes(opened.outcome.encoded()))
    }

    @Test("the record of a usual payment has at most 4 KiB, that of a full one at most 6")
    func usual() async throws {
        var script = FakeServices.Script()
        script.probability = 0.9
        script.explanation = AssayModelsV1.Explanation(
            attributions: ["amount", "card_txn_cnt_1h", "cust_amt_sum_24h", "term_txn_cnt_24h"].map
            {
                AssayModelsV1.Attribution(field: $0, reasonCode: $0.uppercased(), value: 0.25)
            })
        // A store that has seen all of its entities often, and nothing unusual of them.
        let benign = try ShippedContext().benign
        let catalogue = rules.catalogue
        for (name, value) in benign {
            guard let slot = catalogue.schema.slot(of: name),
                catalogue.entries[slot].source == .feature,
                let feature = FeatureExpression(catalogue.entries[slot].binding)
            else { continue }
            switch value {
            case .int(let value): script.features[feature.feature] = Double(value)
            case .double(let value): script.features[feature.feature] = value
            case .bool(let value): script.features[feature.feature] = value ? 1 : 0
            default: break
            }
        }
        let harness = try RiskHarness(script)
        let plan = SimulationPlan(seed: 3, payments: 60)
        for payment in PaymentStream(plan) {
            _ = try await harness.assess(payment.request(seed: 3))
        }
        _ = try await harness.assess(FullRequest.payment("full"))
        var records: [[UInt8]] = []
        try harness.store.scan(DecisionLog.records, .all, reversed: false) { _, value in
            records.append(Array(value))
            return true
        }
        let full = records.removeLast()
        records.sort { $0.count < $1.count }
        let median = records[records.count / 2]
        // RECORD_SIZES=1 shows where the bytes go.
        if ProcessInfo.processInfo.environment["RECORD_SIZES"] != nil {
            for record in [records[0], median, records[records.count - 1], full] {
                try show(record)
            }
        }
        #expect(median.count <= 4_096 && full.count <= 6_144)
    }

    // MARK: Too large

    private let rules: RuleSet
    private let policy: Policy

    init() throws {
        rules = try Repository.shippedRules()
        policy = try Repository.policy("default")
    }

    /// A payment of which every text that is not personal is as long as a record takes it, for a
    /// model of 1,024 inputs.
    private func wordy() -> Assessment {
        var sheet = FactSheet(catalogue: rules.catalogue)
        for entry in rules.catalogue.entries where !entry.isPersonal && entry.type == .string {
            sheet.set(entry.name, to: .string(String(repeating: "w", count: 1_024)))
        }
        sheet.set("tx.amount", to: .int(500))
        var evaluator = Evaluator()
        let second: Int64 = 1_772_366_000
        var assessment = Assessment(
            sheet: sheet,
            run: rules.run(
                over: sheet, industry: "default", at: second, expects: { _ in false },
                evaluator: &evaluator))
        assessment.occurredAt = Timestamp(seconds: second)
        let ref = AssayFeaturesV1.VectorRef(name: "wide", version: 1)
        let row = AssayFeaturesV1.Vector(
            ref: ref, asOf: Timestamp(seconds: 1_772_366_000) ?? .blank(),
            values: [Double](repeating: 0.5, count: 1_024),
            status: [UInt8](repeating: 0, count: 1_024), digest: [UInt8](repeating: 7, count: 32))
        assessment.vector = row
        assessment.modelRow = row
        assessment.model = .answer(
            ModelAnswer(
                name: "wide",
                response: AssayModelsV1.PredictResponse(margin: [1], probability: [0.5])))
        return assessment
    }

    private func draft(
        _ assessment: Assessment, _ outcome: AssayRiskV1.RecordedOutcome
    ) -> DecisionDraft {
        RecordBuilder(rules: rules, policy: policy, build: "test").record(
            RecordBuilder.Identity(
                id: UniqueID(high: 1, low: 2), at: Timestamp(seconds: 1_772_366_000) ?? .blank(),
                request: DecisionIndex.Request(
                    tenant: "acme", kind: .transaction, id: "r-1", bytes: []),
                requestDigest: [UInt8](repeating: 1, count: 32),
                salt: [UInt8](repeating: 2, count: 32)), assessment, outcome)
    }

    @Test("a record that would be too large loses texts of rules that did not hold, and says which")
    func reduced() throws {
        let assessment = wordy()
        let outcome = OutcomeBuilder(rules: rules, policy: policy).outcome(of: assessment)
        let draft = draft(assessment, outcome)
        let whole = AssayRiskV1.RecordedFacts(assessment.sheet)
        let facts = try #require(draft.record.facts)
        #expect(draft.record.vectors[0].values.count == 8_192)
        #expect(draft.record.encodedSize <= RecordReduction.maximumBytes)
        #expect(!facts.omitted.isEmpty && facts.omitted == facts.omitted.sorted())
        #expect(facts.known.integerKeys == [NameKey.of("tx.amount")])
        #expect(Set(facts.known.textKeys + facts.omitted) == Set(whole.known.textKeys))
        let needed = Set(
            assessment.run.entries.filter { $0.verdict != .skipped }
                .flatMap { rules.rules[$0.rule].facts }.map { rules.catalogue.keys[$0] })
        #expect(needed.isDisjoint(with: facts.omitted))

        let frame = try RecordedFrame(
            draft.record, evidence: draft.evidence, catalogue: rules.catalogue)
        #expect(Set(frame.erased.map(NameKey.of)) == Set(facts.omitted))
        var run = ReplayRun(rules: rules, policy: policy)
        let result = try run.decide(frame)
        #expect(OutcomeComparison.differences(outcome, result.outcome).isEmpty)
        #expect(!result.rulesLeftOut.isEmpty)
    }

    @Test("what was decided is never left out; the model's row goes before")
    func rowAndOutcome() throws {
        let assessment = wordy()
        var outcome = OutcomeBuilder(rules: rules, policy: policy).outcome(of: assessment)
        outcome.shadow = (0..<320).map {
            AssayRiskV1.Flag(
                rule: "SHD-\($0)", text: String(repeating: "t", count: 60))
        }
        let record = draft(assessment, outcome).record
        #expect(record.vectors.map(\.digest.count) == [32] && record.vectors[0].values.isEmpty)
        #expect(record.outcome == outcome)
    }
}

extension AssayRiskV1.RecordedFacts {
    fileprivate init(_ sheet: FactSheet) {
        var hidden = AssayRiskV1.FactColumns()
        self.init(sheet, hiding: &hidden)
    }
}
