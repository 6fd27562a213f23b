import AssayMessages
import FeatureEngine
import Foundation
import RPC
import Storage
import Testing
import Wire

@testable import FeatureCore

/// Acceptance test 17: as-known rows equal the served vectors, and a manifest says how they came
/// about.
@Suite struct TrainingSetTests {
    static let vector = AssayFeaturesV1.VectorRef(name: "risk", version: 1)

    static func definitions() throws -> DefinitionSet {
        let text = """
            format: assay.features/1
            package: training
            owner: test
            description: Payments and frauds of cards and terminals.
            sensitivity: low
            purposes: [fraud]
            base_currency: EUR
            entities:
              card: {short: card, key: card_id}
              terminal: {short: term, key: terminal_id}
            events:
              payment:
                id: payment_id
                time: at
                max_late: 60d
                entities: {card: card_id, terminal: terminal_id}
                fields: {amount: money}
              fraud:
                {id: label_id, time: reported_at, class: label, max_late: 60d, refers_to: {payment: payment_id}}
            aggregates:
              card:
                cnt: {from: payment, count: true, windows: [1h, 24h, 7d]}
                sum: {from: payment, sum: amount, windows: [24h, 30d]}
              terminal:
                rate: {from: fraud, count: true, at: payment.at, per: payment, windows: [7d], lag: 7d}
            derived:
              amount: {type: money, default: missing, expr: tx.amount}
            vectors:
              risk@1:
                purpose: fraud
                features: [amount, card_cnt_1h, card_cnt_24h, card_cnt_7d, card_sum_24h, card_sum_30d, term_rate_7d_lag7d]
            """
        return try DefinitionCompiler.compile([DefinitionParser.parse(text, file: "t.yaml")])
    }

    /// A month of payments, every eighth a day and an hour late, every fifth a fraud.
    ///
    /// - Returns: The vectors as they were served, by event id.
    static func month(
        _ store: TestStore, seed: UInt64
    ) async throws -> [String: AssayFeaturesV1.Vector] {
        var random = SeededGenerator(seed: seed)
        var served: [String: AssayFeaturesV1.Vector] = [:]
        for number in 0..<120 {
            let late: Double = number % 8 == 5 ? 90_000 : 0
            let event = payment(
                number, at: Double(number - 121) * 21_600 - late, random: &random)
            let reply = try await store.score(event, vectors: [vector])
            #expect(reply.receipt.outcome == .applied)
            served[event.id] = reply.vectors.first
            guard number >= 10, number % 5 == 0 else { continue }
            let label = AssayFeaturesV1.Event(
                id: "l\(number)", type: "fraud", time: event.time,
                fields: ["payment_id": .text("p\(number - 10)")])
            #expect(try await store.score(label, vectors: []).receipt.outcome == .applied)
        }
        return served
    }

    static func payment(
        _ number: Int, at offset: Double, random: inout SeededGenerator
    ) -> AssayFeaturesV1.Event {
        var event = Payment.event(
            "p\(number)", cents: Int64.random(in: 1...90_000, using: &random),
            card: "c\(Int.random(in: 0..<3, using: &random))", customer: nil, account: nil,
            terminal: "t\(Int.random(in: 0..<2, using: &random))", offset: offset)
        event.type = "payment"
        return event
    }

    static func plan(
        _ change: (inout AssayFeaturesV1.TrainingPlan) -> Void = { _ in }
    ) -> AssayFeaturesV1.TrainingPlan {
        var plan = AssayFeaturesV1.TrainingPlan(
            vector: vector,
            rows: .events(
                AssayFeaturesV1.TrainingSpan(
                    types: ["payment"], from: Payment.time(-10_000_000), until: Payment.time(1))),
            mode: .asKnown, format: .csv)
        change(&plan)
        return plan
    }

    static func build(
        _ store: TestStore, _ plan: AssayFeaturesV1.TrainingPlan, resumeAfter: UInt64 = 0,
        maximumEntities: Int = TrainingSetBuilder.maximumEntities
    ) throws -> (rows: [UInt8], manifest: AssayFeaturesV1.TrainingManifest) {
        let features = store.features
        var builder = try TrainingSetBuilder(
            AssayFeaturesV1.BuildTrainingSetRequest(plan: plan, resumeAfter: resumeAfter),
            log: features.log, definitions: features.definitions,
            vectors: features.pipeline.vectors, tenant: "bank", maximumEntities: maximumEntities)
        var rows: [UInt8] = []
        var manifest: AssayFeaturesV1.TrainingManifest?
        while let chunk = try builder.next() {
            switch chunk {
            case .rows(let bytes): rows += bytes
            case .manifest(let bytes): manifest = try SealedRecord.open(bytes)
            default: break
            }
        }
        return (rows, try #require(manifest))
    }

    @Test("times are sorted piece by piece as they are all at once", arguments: [1, 7, 50, 1_000])
    func eventTimes(_ maximumSorted: Int) async throws {
        let store = try await TestStore(definitions: Self.definitions())
        defer { store.remove() }
        _ = try await Self.month(store, seed: 5)
        let log = store.features.log
        let last = try log.lastSequence()
        var expected: [(time: Int64, sequence: UInt64)] = []
        try log.scan(after: 0) { row in
            expected.append((row.event.time.millisecondsSinceEpoch, row.sequence))
            return true
        }
        expected.sort { $0 < $1 }
        var times = try EventTimes(
            log, through: last, tenant: "bank", maximumSorted: maximumSorted)
        var found: [UInt64] = []
        while let sequence = try times.next() { found.append(sequence) }
        #expect(found == expected.map(\.sequence) && found != found.sorted())
        var none = try EventTimes(log, through: last, tenant: "other", maximumSorted: 1)
        #expect(try none.next() == nil)
    }

    @Test("a row that left the log is missed by itself, not with all behind it, and is counted")
    func gone() async throws {
        let store = try await TestStore(definitions: Self.definitions())
        defer { store.remove() }
        var random = SeededGenerator(seed: 1)
        for number in 0..<12 {
            let event = Self.payment(number, at: -Double(100 + number), random: &random)
            _ = try await store.score(event, vectors: [])
        }
        var steps = try LogSteps(
            store.features.log, through: 12, tenant: "bank", byEventTime: true)
        #expect(try steps.next()?.sequence == 12)
        var batch = WriteBatch()
        for sequence in [11, 7, 3] as [UInt64] {
            batch.delete(StorageKey.log(sequence), in: .log)
        }
        try store.storage.write(batch, sync: false)
        var left: [UInt64] = []
        while let row = try steps.next() { left.append(row.sequence) }
        #expect(left == [10, 9, 8, 6, 5, 4, 2, 1] && steps.gone == 3)
        let plan = Self.plan { $0.mode = .asCorrected }
        #expect(try Self.build(store, plan).manifest.gone == 0)
    }

    @Test("states are made of the entities that rows read, and of so many at most")
    func entities() async throws {
        let store = try await TestStore(definitions: Self.definitions())
        defer { store.remove() }
        let served = try await Self.month(store, seed: 6)
        // One row reads a card and a terminal; all of them three and two.
        let one = Self.plan { $0.rows = .ids(AssayFeaturesV1.TrainingIds(ids: ["p119"])) }
        let (rows, manifest) = try Self.build(store, one, maximumEntities: 2)
        #expect(manifest.rows == 1 && manifest.mismatched == 0)
        let record = try CSVReaderTests.records(rows)[1]
        let values = record.dropFirst(3).map { Double($0) ?? .nan }
        #expect(values.elementsEqual(served["p119"]?.values ?? [], by: Self.isSame))
        #expect(try Self.build(store, Self.plan(), maximumEntities: 5).manifest.rows == 120)
        let error = #expect(throws: RPCError.self) {
            try Self.build(store, Self.plan(), maximumEntities: 4)
        }
        #expect(error?.code == .failedPrecondition && error?.reason == "TOO_MANY_ENTITIES")
        #expect(error?.message.contains("more than 4 entities") == true)
    }

    private static func isSame(_ a: Double, _ b: Double) -> Bool { a == b || a.isNaN && b.isNaN }

    @Test("as-known rows equal the served vectors bit for bit, whatever came late")
    func asKnown() async throws {
        let store = try await TestStore(definitions: Self.definitions())
        defer { store.remove() }
        let served = try await Self.month(store, seed: 3)
        let (rows, manifest) = try Self.build(store, Self.plan())
        #expect(manifest.rows == 120 && manifest.mismatched == 0)
        #expect(manifest.rowsDigest == Hash.sha256(rows))
        let records = try CSVReaderTests.records(rows)
        #expect(
            records[0].prefix(5) == ["id", "sequence", "time", "amount", "card_cnt_1h"])
        for record in records.dropFirst() {
            let numbers = record.dropFirst(3).map {
                ($0.isEmpty ? FeatureValue.missing : Double($0) ?? -1).bitPattern
            }
            #expect(served[record[0]]?.values.map(\.bitPattern) == numbers, "\(record[0])")
        }
        // Some of the rows must tell the two modes apart.
        let corrected = try Self.build(store, Self.plan { $0.mode = .asCorrected })
        #expect(corrected.manifest.rows == 120 && corrected.rows != rows)
    }

    @Test("the same plan gives the same bytes, also from the middle; more log changes nothing")
    func repeatable() async throws {
        let store = try await TestStore(definitions: Self.definitions())
        defer { store.remove() }
        _ = try await Self.month(store, seed: 4)
        for format in [AssayFeaturesV1.TrainingFormat.csv, .jsonLines] {
            let first = try Self.build(store, Self.plan { $0.format = format })
            var random = SeededGenerator(seed: 9)
            _ = try await store.score(
                Self.payment(1_000 + Int(format.number), at: -1, random: &random),
                vectors: [Self.vector])
            let again = try Self.build(store, first.manifest.plan)
            #expect(again.rows == first.rows && again.manifest == first.manifest)
            let rest = try Self.build(store, first.manifest.plan, resumeAfter: 50)
            #expect(rest.manifest == first.manifest)
            let lines = String(decoding: first.rows, as: UTF8.self).split(separator: "\n")
            let header = format == .csv ? 1 : 0
            #expect(
                String(decoding: rest.rows, as: UTF8.self).split(separator: "\n")
                    == Array(lines.dropFirst(header + 50)))
        }
    }

    @Test("labels count if they came in time; younger rows are left out and counted")
    func labels() async throws {
        let store = try await TestStore(definitions: Self.definitions())
        defer { store.remove() }
        _ = try await Self.month(store, seed: 5)
        let day: UInt32 = 86_400
        let label = { (days: UInt32) in
            AssayFeaturesV1.TrainingLabel(eventType: "fraud", maturitySeconds: days * day)
        }
        let all = try Self.build(store, Self.plan { $0.label = label(0) })
        #expect(all.manifest.rows == 120 && all.manifest.positives == 22)
        let records = try CSVReaderTests.records(all.rows)
        #expect(records[0][3] == "label")
        #expect(
            records.dropFirst().filter { $0[3] == "1" }.map { $0[0] }.prefix(3) == [
                "p0", "p5", "p10",
            ])
        // All of the test's events came at one moment: what is 10 days old has mature labels.
        let mature = try Self.build(store, Self.plan { $0.label = label(10) })
        #expect(
            mature.manifest.immature > 20 && mature.manifest.rows + mature.manifest.immature == 120)
        #expect(mature.manifest.positives < 22)
    }

    @Test(
        "rows are named by ids, by a span of time, or as entities at a moment; ids decide samples")
    func selections() async throws {
        let store = try await TestStore(definitions: Self.definitions())
        defer { store.remove() }
        let served = try await Self.month(store, seed: 6)
        let named = try Self.build(
            store,
            Self.plan {
                $0.rows = .ids(AssayFeaturesV1.TrainingIds(ids: ["p7", "p3", "none"]))
            })
        #expect(named.manifest.rows == 2 && named.manifest.missing == 1)
        let sampled = try Self.build(store, Self.plan { $0.samplePerMillion = 300_000 })
        #expect((15...60).contains(sampled.manifest.rows))
        #expect(sampled.manifest.rows + sampled.manifest.unsampled == 120)
        let span = try Self.build(
            store,
            Self.plan {
                $0.rows = .events(
                    AssayFeaturesV1.TrainingSpan(
                        types: ["payment"], from: Payment.time(-216_000), until: Payment.time(0)))
            })
        #expect((1..<20).contains(span.manifest.rows))
        let point = try Self.build(
            store,
            Self.plan {
                $0.rows = .points(
                    AssayFeaturesV1.TrainingPoints(points: [
                        AssayFeaturesV1.TrainingPoint(
                            keys: ["card": "c1"], time: Payment.time(0)),
                        AssayFeaturesV1.TrainingPoint(
                            keys: ["card": "c1"], time: Payment.time(-9_000_000)),
                    ]))
            })
        let records = try CSVReaderTests.records(point.rows)
        #expect(records[0].prefix(2) == ["point", "time"])
        // By time; at the earlier moment no event had been received.
        #expect(records.dropFirst().map { $0[0] } == ["2", "1"])
        #expect(records[1][5] == "0")
        #expect(served.count == 120)
    }

    @Test("a point finds an entity by the parts of its key")
    func compositeKeys() async throws {
        let set = try SmallDefinitions.compile(
            """
            entities: {shop_card: {short: sc, key: [shop_id, card_id]}}
            events: {payment: {id: id, max_late: 30d, entities: {shop_card: [shop_id, card_id]}}}
            aggregates: {shop_card: {cnt: {from: payment, count: true, windows: [24h]}}}
            vectors: {risk@1: {purpose: fraud, features: [sc_cnt_24h]}}
            """)
        let store = try await TestStore(definitions: set)
        defer { store.remove() }
        let payment = AssayFeaturesV1.Event(
            id: "1", type: "payment", time: Payment.time(-60),
            fields: ["card_id": .text("c1"), "shop_id": .text("s1")])
        _ = try await store.score(payment, vectors: [])
        func build(_ keys: WireMap<String, String>) throws -> [[String]] {
            let point = AssayFeaturesV1.TrainingPoint(keys: keys, time: Payment.time(0))
            let built = try Self.build(
                store,
                Self.plan { $0.rows = .points(AssayFeaturesV1.TrainingPoints(points: [point])) })
            return try CSVReaderTests.records(built.rows)
        }
        let rows = try build(["shop_card.card_id": "c1", "shop_card.shop_id": "s1"])
        #expect(rows[1][2] == "1")
        #expect {
            _ = try build(["shop_card": "s1"])
        } throws: { "\(($0 as? RPCError)?.details ?? [])".contains("there is no entity") }
    }

    @Test("a row that was served otherwise than the log gives is left out and counted")
    func mismatch() async throws {
        let store = try await TestStore(definitions: Self.definitions())
        defer { store.remove() }
        _ = try await Self.month(store, seed: 7)
        try store.changeRow(7) { row in
            row.vectors[0].digest[5] ^= 1
        }
        let built = try Self.build(store, Self.plan())
        #expect(built.manifest.mismatched == 1 && built.manifest.rows == 119)
    }

    @Test("what is wrong with a plan is told together")
    func refused() async throws {
        let store = try await TestStore(definitions: Self.definitions())
        defer { store.remove() }
        let plan = Self.plan {
            $0.mode = .unspecified
            $0.samplePerMillion = 1_000_001
            $0.label = AssayFeaturesV1.TrainingLabel(eventType: "frad")
            $0.rows = .events(
                AssayFeaturesV1.TrainingSpan(
                    types: ["paymnt"], from: Payment.time(5), until: Payment.time(5)))
        }
        #expect {
            _ = try Self.build(store, plan)
        } throws: { error in
            let text = "\((error as? RPCError)?.details ?? [])"
            return ["plan/mode", "sample_per_million", "fraud", "payment", "until"]
                .allSatisfy(text.contains)
        }
        let unknown = Self.plan { $0.vector.name = "rsk" }
        #expect { _ = try Self.build(store, unknown) } throws: { "\($0)".contains("risk@1") }
    }

    @Test("a training set is streamed in chunks, and one altered byte of a manifest fails it")
    func sealed() async throws {
        let store = try await TestStore(definitions: Self.definitions())
        defer { store.remove() }
        _ = try await Self.month(store, seed: 8)
        var builder = try TrainingSetBuilder(
            AssayFeaturesV1.BuildTrainingSetRequest(plan: Self.plan()), log: store.features.log,
            definitions: store.features.definitions, vectors: store.features.pipeline.vectors,
            tenant: "bank")
        var last: AssayFeaturesV1.TrainingChunk?
        while let chunk = try builder.next() { last = chunk }
        guard case .manifest(var bytes)? = last else {
            Issue.record("the last chunk is no manifest")
            return
        }
        _ = try SealedRecord.open(bytes, as: AssayFeaturesV1.TrainingManifest.self)
        for index in bytes.indices {
            bytes[index] ^= 1
            #expect(throws: SealError.self) {
                _ = try SealedRecord.open(bytes, as: AssayFeaturesV1.TrainingManifest.self)
            }
            bytes[index] ^= 1
        }
    }
}
