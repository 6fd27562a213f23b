import AssayMessages
import Foundation
import SchemaCompiler
import Storage
import Testing
import Wire

@testable import RiskCore

@Suite struct DecisionLogTests {
    /// A log with a few decisions.
    private func filled(_ count: Int = 6) async throws -> RiskHarness {
        let harness = try RiskHarness()
        for number in 1...count { _ = try await harness.assess(RiskHarness.payment("r-\(number)")) }
        await harness.log.close()
        return harness
    }

    private func record(_ harness: RiskHarness, _ sequence: UInt64) throws -> [UInt8] {
        try #require(
            try harness.store.get(DecisionLog.key(sequence), in: DecisionLog.records))
    }

    private func put(_ harness: RiskHarness, _ sequence: UInt64, _ bytes: [UInt8]?) throws {
        var batch = WriteBatch()
        if let bytes {
            batch.put(DecisionLog.key(sequence), bytes, in: DecisionLog.records)
        } else {
            batch.delete(DecisionLog.key(sequence), in: DecisionLog.records)
        }
        try harness.store.write(batch, sync: false)
    }

    private func firstProblem(_ harness: RiskHarness) throws -> LogProblem? {
        try LogVerification.verify(harness.store).firstProblem
    }

    @Test("a record holds what the decision was made from, personal facts only by a commitment")
    func content() async throws {
        let harness = try await filled(1)
        let record: AssayRiskV1.DecisionRecord = try SealedRecord.open(try record(harness, 1))
        #expect(record.sequence == 1 && record.previous == [UInt8](repeating: 0, count: 32))
        #expect(record.tenant == "acme" && record.requestID == "r-1")
        let facts = try #require(record.facts)
        let known = facts.known
        let amount = try #require(known.integerKeys.firstIndex(of: NameKey.of("tx.amount")))
        #expect(known.integers[amount] == 2_500)
        var statuses: [UInt32: FactStatus] = [:]
        facts.visit { statuses[$0.key] = $0.status }
        #expect(statuses[NameKey.of("vel.acct_cnt_1h")] == .empty)
        #expect(statuses[NameKey.of("tx.amount")] == .present)
        for keys in known.columns + [facts.personal] { #expect(keys == keys.sorted()) }
        let address = NameKey.of("ip.addr")
        #expect(facts.personal.contains(address) && !known.textKeys.contains(address))
        let evidence = try #require(try DecisionEvidence.read(1, from: harness.store))
        #expect(
            Commitment.make(evidence.personal, salt: [UInt8](repeating: 3, count: 32))
                == facts.commitment)
        let personal = try #require(evidence.facts(of: facts.commitment))
        #expect(personal.columns.joined().sorted() == facts.personal)
        let place = try #require(personal.textKeys.firstIndex(of: address))
        #expect(personal.texts[place] == "203.0.113.9")
        #expect(record.vectors.map(\.name) == ["payment_fraud", "rule_facts"])
        #expect(record.entities.count == 1)
        #expect(record.rules.isEmpty)
        let verdicts = RecordedVerdicts(record)
        let applying = try Repository.shippedRules().rules.filter { $0.industries == nil }
        #expect(
            Int(record.noHits) + verdicts.notEvaluated.count + verdicts.skipped.count
                == applying.count)
        let text = String(decoding: record.encoded(), as: UTF8.self)
        for secret in ["203.0.113.9", "tok-1", "cust-1", "acct-1"] {
            #expect(!text.contains(secret), "\(secret)")
        }
    }

    @Test("an untouched log is proven to its last record")
    func whole() async throws {
        let harness = try await filled()
        let report = try LogVerification.verify(harness.store)
        #expect(report.records == 6 && report.lastSequence == 6 && report.firstProblem == nil)
        let tail = try LogVerification.verify(harness.store, last: 2)
        #expect(tail.records == 2 && tail.lastDigest == report.lastDigest)
    }

    @Test("one flipped bit anywhere in a record is found, with its place")
    func flippedBit() async throws {
        let harness = try await filled()
        let good = try record(harness, 4)
        for position in stride(from: 0, to: good.count, by: 37) {
            var bad = good
            bad[position] ^= 0x10
            try put(harness, 4, bad)
            let problem = try firstProblem(harness)
            #expect(problem?.sequence == 4, "byte \(position)")
        }
        try put(harness, 4, good)
        #expect(try firstProblem(harness) == nil)
    }

    @Test("a removed record is found where it stood, the last one too")
    func removed() async throws {
        let harness = try await filled()
        for sequence in [UInt64(1), 3, 6] {
            let good = try record(harness, sequence)
            try put(harness, sequence, nil)
            #expect(try firstProblem(harness)?.sequence == sequence)
            try put(harness, sequence, good)
        }
        #expect(try firstProblem(harness) == nil)
    }

    @Test("two swapped records are found at the first of them")
    func swapped() async throws {
        let harness = try await filled()
        let (a, b) = (try record(harness, 2), try record(harness, 5))
        try put(harness, 2, b)
        try put(harness, 5, a)
        #expect(
            try firstProblem(harness)
                == LogProblem(sequence: 2, reason: "the record says it is number 5"))
    }

    @Test("a record that was changed and sealed again breaks the link after it")
    func resealed() async throws {
        let harness = try await filled()
        var forged: AssayRiskV1.DecisionRecord = try SealedRecord.open(try record(harness, 3))
        forged.outcome.status = .declined
        try put(harness, 3, try SealedRecord.seal(forged).bytes)
        #expect(
            try firstProblem(harness)
                == LogProblem(
                    sequence: 4, reason: "the record does not follow the one before it"))
    }

    @Test(
        "the exported records are proven by the schema that lies beside them, and by nothing else")
    func exported() async throws {
        let harness = try await filled(3)
        var chain: [UInt8] = []
        #expect(try LogExport.records(of: harness.store) { chain += $0 } == 3)
        let folder = TemporaryFolder()
        let archive = SchemaArchive(
            directory: URL(filePath: folder.path).appending(path: "schemas"))
        for _ in 0..<2 { try archive.keep(AssayRiskV1.DecisionRecord.self) }
        let copy = SchemaArchive(directory: URL(filePath: folder.path).appending(path: "copy"))
        try archive.copy(to: copy)

        var verifier = RecordVerifier { name, fingerprint in
            let path = copy.directory.appending(path: "\(fingerprint).schema").path
            guard let text = FileManager.default.contents(atPath: path) else {
                return .missing("no \(path)")
            }
            return .archived(
                Array(text), path: path, name: name, fingerprint: fingerprint)
        }
        var sequences: [UInt64] = []
        verifier.verify(chain) { result in
            guard case .proven(let message) = result.verdict else {
                Issue.record("\(result.verdict)")
                return
            }
            let record = try? AssayRiskV1.DecisionRecord(jsonBytes: message.json())
            sequences.append(record?.sequence ?? 0)
        }
        #expect(sequences == [1, 2, 3])
    }

    @Test("a broken log is not appended to")
    func refused() async throws {
        let harness = try await filled()
        var bad = try record(harness, 5)
        bad[100] ^= 1
        try put(harness, 5, bad)
        let error = #expect(throws: LogBroken.self) {
            try DecisionLog(store: harness.store, newChain: "x")
        }
        #expect(error?.problem.sequence == 5)
    }

    @Test("a tail torn by a crash is cut at a whole record, and the chain goes on from there")
    func tornTail() async throws {
        for cut in [1, 40, 700, 2_500] {
            let harness = try await filled()
            let copy = TemporaryFolder()
            try FileManager.default.copyItem(atPath: harness.folder.path, toPath: copy.path)
            try truncateLog(in: copy.path, by: cut)
            let store = try copy.open()
            defer { store.close() }
            let log = try DecisionLog(store: store, newChain: "x", interval: .zero)
            #expect(log.lastSequence < 6, "cut \(cut)")
            #expect(try LogVerification.verify(store).firstProblem == nil, "cut \(cut)")
            let service = try RiskHarness.service(
                harness.fakes, store, log, harness.clock, nil)
            let next = try await service.assessTransaction(
                RiskHarness.payment("r-6"), context: RiskHarness.context())
            #expect(!next.replayed && next.decision.log.sequence == log.lastSequence)
            let report = try LogVerification.verify(store)
            #expect(report.firstProblem == nil && report.lastSequence == log.lastSequence)
            await log.close()
        }
    }

    /// Cuts bytes off the newest write-ahead file of a store, as a crash does.
    private func truncateLog(in folder: String, by count: Int) throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        let newest = try #require(names.filter { $0.hasSuffix(".log") }.max())
        let file = try #require(FileHandle(forUpdatingAtPath: folder + "/" + newest))
        let size = try file.seekToEnd()
        try file.truncate(atOffset: size > UInt64(count) ? size - UInt64(count) : 0)
        try file.close()
    }

    @Test("records of many writers at once make one chain without gaps")
    func concurrent() async throws {
        let harness = try RiskHarness()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<100 {
                group.addTask { _ = try await harness.assess(RiskHarness.payment("r-\(number)")) }
            }
            try await group.waitForAll()
        }
        let report = try LogVerification.verify(harness.store)
        #expect(report.firstProblem == nil && report.records == 100)
    }
}
