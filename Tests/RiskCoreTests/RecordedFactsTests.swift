import AssayMessages
import RuleLanguage
import Testing
import Wire

@testable import RiskCore

@Suite("Facts as records hold them") struct RecordedFactsTests {
    @Test("two facts with one key are refused, and both are named")
    func sameKey() throws {
        let header = "fact\ttype\tunit\tsource\tbinding\texpected\twhen_never\tpersonal\tcredit\n"
        let rows = ["a.f36177", "a.f46209"].map { "\($0)\tint\t\trequest\tx\talways\t\t\tyes\n" }
        let failure = #expect(throws: ConfigurationFailure.self) {
            try FactCatalogue(header + rows.joined(), file: "facts.tsv")
        }
        #expect(
            failure?.problems.map(\.message) == [
                "a.f36177 and a.f46209 have the same key in records; give one of them another name"
            ])
    }

    private func value(_ type: ValueType, _ random: inout SeededGenerator) -> Constant {
        switch type {
        case .bool: .bool(Bool.random(using: &random))
        case .int: .int(Int64.random(in: -5...(1 << 40), using: &random))
        case .double: .double(Double.random(in: -1...1, using: &random))
        case .string: .string(["", "DE", "a,b", "\\"].randomElement(using: &random) ?? "")
        default: .list([.string("x"), .string("")])
        }
    }

    @Test("every status, value and claim comes back from a record and its evidence")
    func roundTrip() throws {
        let catalogue = try Repository.shippedRules().catalogue
        for seed in UInt64(1)...50 {
            var random = SeededGenerator(seed: seed)
            var sheet = FactSheet(catalogue: catalogue)
            let known: [FactStatus] = [.present, .empty]
            let unknown: [FactStatus] = [.absent, .unavailable, .withheld, .error]
            for (slot, entry) in catalogue.entries.enumerated() {
                let isKnown = Bool.random(using: &random)
                let status = (isKnown ? known : unknown).randomElement(using: &random) ?? .absent
                sheet.restore(
                    slot, to: isKnown ? value(entry.type, &random) : nil, status: status,
                    claimed: isKnown && UInt8.random(in: 0..<9, using: &random) == 0)
            }
            var hidden = AssayRiskV1.FactColumns()
            var evidence = DecisionEvidence(
                salt: [UInt8](repeating: UInt8(seed), count: 32), subjects: ["c"])
            var facts = AssayRiskV1.RecordedFacts(sheet, hiding: &hidden)
            facts.commitment = evidence.hide(hidden)
            #expect(facts.violations().isEmpty && hidden.violations().isEmpty)

            var record = AssayRiskV1.DecisionRecord.blank()
            record.kind = .transaction
            record.occurredAt = .blank()
            record.facts = try AssayRiskV1.RecordedFacts(decoding: facts.encoded(), door: .strict)
            let frame = try RecordedFrame(record, evidence: evidence, catalogue: catalogue)
            #expect(frame.sheet.statuses == sheet.statuses, "seed \(seed)")
            #expect(frame.sheet.claimed == sheet.claimed, "seed \(seed)")
            let same = catalogue.entries.indices.allSatisfy {
                frame.sheet.frame.value(at: $0) == sheet.frame.value(at: $0)
            }
            #expect(same && frame.erased.isEmpty && frame.unknown.isEmpty, "seed \(seed)")

            let bare = try RecordedFrame(record, evidence: nil, catalogue: catalogue)
            let personal = catalogue.entries.indices.filter {
                catalogue.entries[$0].isPersonal && sheet.statuses[$0].isKnown
            }
            #expect(bare.erased == personal.map { catalogue.entries[$0].name }, "seed \(seed)")
        }
    }

    @Test("a fact that no catalogue has is told by its key")
    func unknownKey() throws {
        var record = AssayRiskV1.DecisionRecord.blank()
        record.occurredAt = .blank()
        record.facts = .init(known: .init(trueKeys: [0x00AB_CDEF]))
        let frame = try RecordedFrame(
            record, evidence: nil, catalogue: try Repository.shippedRules().catalogue)
        #expect(frame.unknown == ["#00abcdef"] && frame.erased.isEmpty)
    }
}
