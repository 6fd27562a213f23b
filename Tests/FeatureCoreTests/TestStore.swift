import AssayMessages
import FeatureEngine
import Foundation
import RPC
import Storage
import Synchronization
import Wire

@testable import FeatureCore

/// A feature store over a directory of its own, with a clock that tests set.
final class TestStore: Sendable {
    let directory: String
    let features: EmbeddedFeatureStore
    let service: FeatureService
    let clock: TestClock
    let storage: RocksDBStore

    static let masterKey = MasterKey(bytes: [UInt8](repeating: 7, count: 32))!

    static let now = Timestamp(seconds: 1_760_000_000)!

    init(
        directory: String = TestStore.freshDirectory(), definitions: DefinitionSet? = nil,
        folder: DefinitionSources? = nil, replaces: Bool = false,
        configuration: FeatureStoreConfiguration = FeatureStoreConfiguration(),
        now: Timestamp = TestStore.now,
        disk: (RocksDBStore) -> any KeyValueStore = { $0 }
    ) async throws {
        self.directory = directory
        var configuration = configuration
        // Of all stores that are compared with one another.
        configuration.masterKey = configuration.masterKey ?? TestStore.masterKey
        let clock = TestClock(now)
        self.clock = clock
        let retention = StoreRetention()
        storage = try RocksDBStore(
            directory: directory, families: EmbeddedFeatureStore.families,
            expiry: retention.expiry)
        if let folder {
            features = try await EmbeddedFeatureStore.open(
                disk(storage), folder: folder, replaces: replaces, retention: retention,
                configuration: configuration, clock: { clock.now })
        } else {
            features = try await EmbeddedFeatureStore.open(
                disk(storage), definitions: definitions ?? Shipped.definitions(),
                retention: retention,
                configuration: configuration, clock: { clock.now })
        }
        service = FeatureService(features)
    }

    static func freshDirectory() -> String {
        FileManager.default.temporaryDirectory
            .appending(path: "assay-features-\(UUID().uuidString)").path
    }

    /// As if the process had ended here: nothing is stored that was not.
    func crash() { storage.close() }

    func remove() {
        storage.close()
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// One row for each id that was ever claimed.
    func recordedIDs() throws -> [[UInt8]] { try rows("ids").map(\.key) }

    func rows(_ family: Family) throws -> [(key: [UInt8], value: [UInt8])] {
        try storage.rows(family, limit: 1_000_000).map { ($0.key, $0.value) }
    }

    /// Events in the stored trails, each once for each of its entities.
    func trailSteps() async throws -> Int {
        try await features.flush()
        return try rows("trail").reduce(0) { $0 + $1.value.count / 8 }
    }

    /// Rewrites a row of the log behind the store's back.
    func changeRow(_ sequence: UInt64, _ change: (inout AssayFeaturesV1.LogRow) -> Void) throws {
        let key = StorageKey.log(sequence)
        guard let bytes = try storage.get(key, in: .log) else { return }
        var row = try AssayFeaturesV1.LogRow(decoding: bytes, door: .strict)
        change(&row)
        var batch = WriteBatch()
        batch.put(key, row.encoded(), in: .log)
        try storage.write(batch, sync: false)
    }

    func context(tenant: String = "bank") -> ServerContext {
        ServerContext(
            method: AssayFeaturesV1.FeatureStore.scoreEvent,
            caller: Caller(tenant: tenant, client: "test", scopes: ["features.score"]))
    }

    func score(
        _ event: AssayFeaturesV1.Event, vectors: [AssayFeaturesV1.VectorRef] = [Payment.vector],
        tenant: String = "bank", dryRun: Bool = false
    ) async throws -> AssayFeaturesV1.ScoreEventResponse {
        try await service.scoreEvent(
            AssayFeaturesV1.ScoreEventRequest(event: event, vectors: vectors, dryRun: dryRun),
            context: context(tenant: tenant))
    }

    func vector(
        _ keys: [(String, String)], at time: Timestamp = TestStore.now, tenant: String = "bank"
    ) async throws -> AssayFeaturesV1.GetVectorResponse {
        try await service.getVector(
            AssayFeaturesV1.GetVectorRequest(
                vector: Payment.vector, keys: WireMap(keys), time: time),
            context: context(tenant: tenant))
    }
}

/// Ingest time as a test sets it.
final class TestClock: Sendable {
    private let time: Mutex<Timestamp>

    init(_ now: Timestamp) { time = Mutex(now) }

    var now: Timestamp { time.withLock { $0 } }

    /// `seconds` from the tests' now.
    func set(_ seconds: Double) { time.withLock { $0 = Payment.time(seconds) } }
}

/// Payments as tests send them.
enum Payment {
    static let vector = AssayFeaturesV1.VectorRef(name: "payment_fraud", version: 1)

    /// `cents` in euros; `offset` in seconds from the tests' now.
    static func event(
        _ id: String, cents: Int64? = 1_000, card: String? = "c1", customer: String? = "p1",
        account: String? = "a1", terminal: String? = "t1", offset: Double = 0,
        currency: CurrencyCode = "EUR"
    ) -> AssayFeaturesV1.Event {
        var fields: [(String, AssayFeaturesV1.FieldValue)] = []
        if let card { fields.append(("card_id", .text(card))) }
        if let customer { fields.append(("customer_id", .text(customer))) }
        if let account { fields.append(("account_id", .text(account))) }
        if let terminal { fields.append(("terminal_id", .text(terminal))) }
        if let cents, let money = Money(currency: currency, coefficient: cents, scale: 2) {
            fields.append(("amount", .amount(money)))
        }
        return AssayFeaturesV1.Event(
            id: id, type: "payment", time: time(offset), fields: WireMap(fields))
    }

    static func time(_ offset: Double) -> Timestamp {
        Timestamp(
            nanosecondsSinceEpoch: 1_760_000_000_000_000_000 + Int64(offset * 1_000) * 1_000_000)
    }
}

extension AssayFeaturesV1.Vector {
    static let names = [
        "amount", "card_txn_cnt_1h", "card_txn_cnt_24h", "card_amt_sum_1h", "card_amt_sum_24h",
        "card_amt_avg_24h", "card_amt_max_24h", "cust_txn_cnt_1h", "cust_txn_cnt_24h",
        "cust_amt_sum_24h", "acct_txn_cnt_1h", "acct_txn_cnt_24h", "acct_amt_sum_1h",
        "acct_amt_sum_24h", "acct_amt_avg_24h", "acct_amt_max_24h", "term_txn_cnt_1h",
        "term_txn_cnt_24h", "term_amt_avg_24h",
    ]

    func value(_ name: String) -> Double? {
        Self.names.firstIndex(of: name).map { values[$0] }
    }

    func flags(_ name: String) -> Status.Flags? {
        Self.names.firstIndex(of: name).map { Status(byte: status[$0]).flags }
    }

    func kind(_ name: String) -> Status.Class? {
        Self.names.firstIndex(of: name).flatMap { Status.Class(rawValue: status[$0] & 7) }
    }
}
