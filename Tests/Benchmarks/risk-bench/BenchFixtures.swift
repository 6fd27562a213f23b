import AssayMessages
import RPC
import RiskCore
import RuleLanguage
import Storage
import Synchronization
import Wire

extension RiskBench {
    static let surroundings = RiskSurroundings(
        now: { Timestamp(seconds: 1_772_366_400) ?? .blank() },
        monotonic: { Instant(nanoseconds: 1) },
        newDecisionID: {
            var generator = SystemRandomNumberGenerator()
            return UniqueID.random(using: &generator)
        },
        newSalt: { [UInt8](repeating: 3, count: 32) })

    /// A payment with every part that a request can have.
    static func payment(_ id: String) -> AssayRiskV1.AssessTransactionRequest {
        AssayRiskV1.AssessTransactionRequest(
            requestID: id,
            transaction: AssayRiskV1.Transaction(
                transactionID: "t-" + id,
                occurredAt: Timestamp(seconds: 1_772_366_000) ?? .blank(),
                amount: Money("125.00", "EUR"), type: "purchase", channel: "app", country: "DE",
                mcc: "5411", merchantID: "m-17", terminalID: "term-17"),
            account: AssayRiskV1.Account(
                accountID: "acct-1", currency: "EUR", status: "active",
                balance: Money("900.00", "EUR")),
            customer: AssayRiskV1.Customer(
                customerID: "cust-1", country: "DE", monthlyIncome: Money("3100.00", "EUR")),
            device: AssayRiskV1.Device(
                canvasFingerprint: "c0ffee", webglFingerprint: "beef", gpuInfo: "Adreno 740",
                browser: "chrome", os: "android", userAgent: "Mozilla/5.0", installID: "i-1"),
            network: AssayRiskV1.Network(
                address: "203.0.113.9", country: "DE", isVpn: true, isTor: false, isProxy: false),
            card: AssayRiskV1.Card(token: "tok-1", country: "DE", funding: "debit", cvv: "pass"))
    }

    static let facts: [(String, Constant)] = [
        ("tx.amount", .int(12_500)), ("tx.currency", .string("EUR")),
        ("tx.type", .string("purchase")),
        ("tx.channel", .string("app")), ("tx.mcc", .string("5411")), ("acct.age_days", .int(400)),
        ("acct.status", .string("active")), ("acct.currency", .string("EUR")),
        ("acct.balance", .int(90_000)), ("cust.country", .string("DE")),
        ("cust.monthly_income", .int(310_000)), ("dev.canvas", .string("c0ffee")),
        ("dev.webgl", .string("beef")), ("dev.gpu", .string("adreno 740")),
        ("dev.is_emulator", .bool(false)), ("dev.rooted", .bool(false)),
        ("dev.webdriver", .bool(false)), ("dev.headless", .bool(false)),
        ("dev.remote_access", .bool(false)), ("ip.addr", .string("203.0.113.9")),
        ("ip.country", .string("DE")), ("ip.is_vpn", .bool(true)), ("ip.is_tor", .bool(false)),
        ("ip.is_proxy", .bool(false)), ("card.country", .string("DE")),
        ("card.funding", .string("debit")), ("card.cvv", .string("pass")),
        ("vel.acct_cnt_1h", .int(2)), ("vel.acct_cnt_24h", .int(5)),
        ("vel.acct_sum_1h", .int(25_000)),
        ("vel.acct_sum_24h", .int(70_000)), ("vel.card_cnt_1h", .int(2)),
    ]
}

/// A feature store and a model that answer at once.
struct InstantServices: ClientTransport {
    func unary(
        _ method: MethodDescriptor, framed: [UInt8], options: CallOptions
    ) async throws(RPCError) -> ReplyMessage {
        if method.path == AssayModelsV1.ModelServing.predict.path {
            let response = AssayModelsV1.PredictResponse(
                version: 1, artifact: [UInt8](repeating: 1, count: 32), margin: [-2],
                probability: [0.12])
            return ReplyMessage(framed: response.encoded(prefix: 5))
        }
        let vector = AssayFeaturesV1.Vector(
            ref: AssayFeaturesV1.VectorRef(name: "payment_fraud", version: 1),
            asOf: Timestamp(seconds: 1_772_366_000) ?? .blank(),
            values: [Double](repeating: 2, count: 19), status: [UInt8](repeating: 0, count: 19),
            digest: [UInt8](repeating: 2, count: 32))
        let response = AssayFeaturesV1.ScoreEventResponse(
            receipt: AssayFeaturesV1.Receipt(outcome: .applied),
            vectors: [vector, FactBench.features],
            definitionSet: [UInt8](repeating: 9, count: 32))
        return ReplyMessage(framed: response.encoded(prefix: 5))
    }
}

/// Rows in memory: what is measured is the work, not the disk.
final class MemoryStore: KeyValueStore {
    private struct Key: Hashable {
        var family: Family
        var bytes: [UInt8]
    }

    private let rows = Mutex<[Key: [UInt8]]>([:])

    func get(_ key: [UInt8], in family: Family) throws(StorageError) -> [UInt8]? {
        rows.withLock { $0[Key(family: family, bytes: key)] }
    }

    func write(_ batches: [WriteBatch], sync: Bool) throws(StorageError) {
        rows.withLock { rows in
            for batch in batches {
                var at = 0
                for operation in batch.operations {
                    let key = Array(batch.bytes[at..<(at + operation.keyLength)])
                    at += operation.keyLength
                    let value = Array(batch.bytes[at..<(at + operation.valueLength)])
                    at += operation.valueLength
                    rows[Key(family: operation.family, bytes: key)] =
                        operation.isDelete ? nil : value
                }
            }
        }
    }

    func scan(
        _ family: Family, _ range: KeyRange, reversed: Bool,
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        let found = rows.withLock { rows in
            rows.filter { $0.key.family == family }
                .map { ($0.key.bytes, $0.value) }
                .sorted { $0.0.lexicographicallyPrecedes($1.0) }
        }
        for (key, value) in found where !key.lexicographicallyPrecedes(range.lower) {
            let goesOn = try key.withUnsafeBytes { k in
                try value.withUnsafeBytes { try body(k, $0) }
            }
            if !goesOn { return }
        }
    }

    func close() {}
}
