import AssayMessages
import Foundation
import RPC
import RiskCore
import Storage
import Synchronization
import Wire

/// A feature store and a model service that answer as a test says, in this process.
final class FakeServices: ClientTransport {
    struct Script: Sendable {
        /// Values of the vector by feature; all others are empty (an entity never seen).
        var features: [String: Double] = [:]
        /// Status bytes by feature, where they are not those of a value that is there or not.
        var statuses: [String: UInt8] = [:]
        /// Entities that were read.
        var entities = [AssayFeaturesV1.EntityRead(entity: "card", role: "card", version: 4)]
        var featuresError: RPCError?
        /// Probability of the payment model; nil: not registered.
        var probability: Double?
        var credit: AssayModelsV1.PredictResponse?
        var explanation: AssayModelsV1.Explanation?
        /// Why the payment model cannot say why.
        var explanationError: RPCError?
        var modelError: RPCError?
        /// What experiments made of every call.
        var assignments: [AssayModelsV1.Assignment] = []
        var feedError: RPCError?
        /// Request id of a decision that experiments do not take.
        var refusedRequest: String?
    }

    let script: Mutex<Script>
    let events = Mutex<[AssayFeaturesV1.Event]>([])
    let predictions = Mutex<[AssayModelsV1.PredictRequest]>([])
    let decisions = Mutex<[AssayModelsV1.SealedDecisions]>([])

    init(_ script: Script = Script()) { self.script = Mutex(script) }

    func unary(
        _ method: MethodDescriptor, framed: [UInt8], options: CallOptions
    ) async throws(RPCError) -> ReplyMessage {
        let body = Array(framed.dropFirst(5))
        switch method.path {
        case AssayFeaturesV1.FeatureStore.scoreEvent.path: return try score(body)
        case AssayModelsV1.ModelServing.predict.path: return try predict(body)
        case AssayModelsV1.Experiments.recordDecisions.path: return try take(body)
        default: throw RPCError(.unimplemented, method.path)
        }
    }

    private func take(_ body: [UInt8]) throws(RPCError) -> ReplyMessage {
        guard let request = try? AssayModelsV1.SealedDecisions(decoding: body, door: .strict)
        else { throw RPCError(.internal, "no request") }
        let script = script.withLock { $0 }
        if let error = script.feedError { throw error }
        if let refused = script.refusedRequest,
            String(decoding: request.records, as: UTF8.self).contains(refused)
        {
            throw RPCError(.invalidArgument, "record 1 of the log")
        }
        decisions.withLock { $0.append(request) }
        return ReplyMessage(framed: AssayModelsV1.DecisionsSummary().encoded(prefix: 5))
    }

    private func score(_ body: [UInt8]) throws(RPCError) -> ReplyMessage {
        guard let request = try? AssayFeaturesV1.ScoreEventRequest(decoding: body, door: .strict)
        else { throw RPCError(.internal, "no request") }
        events.withLock { $0.append(request.event) }
        let script = script.withLock { $0 }
        if let error = script.featuresError { throw error }
        let vectors = request.vectors.map { Self.vector($0, request.event.time, script) }
        let response = AssayFeaturesV1.ScoreEventResponse(
            receipt: AssayFeaturesV1.Receipt(eventID: request.event.id, outcome: .applied),
            vectors: vectors,
            entities: script.entities,
            definitionSet: [UInt8](repeating: 9, count: 32))
        return ReplyMessage(framed: response.encoded(prefix: 5))
    }

    private func predict(_ body: [UInt8]) throws(RPCError) -> ReplyMessage {
        guard let request = try? AssayModelsV1.PredictRequest(decoding: body, door: .strict)
        else { throw RPCError(.internal, "no request") }
        predictions.withLock { $0.append(request) }
        let script = script.withLock { $0 }
        if let error = script.modelError { throw error }
        if request.model == "credit-german", let credit = script.credit {
            return ReplyMessage(framed: credit.encoded(prefix: 5))
        }
        guard let probability = script.probability else {
            throw RPCError(.notFound, "no model \(request.model)")
        }
        var response = AssayModelsV1.PredictResponse(
            version: 3, artifact: [UInt8](repeating: 5, count: 32), margin: [1.5],
            probability: [probability], assignments: script.assignments)
        if request.explain == .reasons, probability >= request.explainFrom ?? 0 {
            if let error = script.explanationError { throw error }
            response.explanation = script.explanation
        }
        return ReplyMessage(framed: response.encoded(prefix: 5))
    }

    /// The order of payment_fraud@1.
    static let features = [
        "amount", "card_txn_cnt_1h", "card_txn_cnt_24h", "card_amt_sum_1h", "card_amt_sum_24h",
        "card_amt_avg_24h", "card_amt_max_24h", "cust_txn_cnt_1h", "cust_txn_cnt_24h",
        "cust_amt_sum_24h", "acct_txn_cnt_1h", "acct_txn_cnt_24h", "acct_amt_sum_1h",
        "acct_amt_sum_24h", "acct_amt_avg_24h", "acct_amt_max_24h", "term_txn_cnt_1h",
        "term_txn_cnt_24h", "term_amt_avg_24h",
    ]

    /// A vector as a store gives it that has seen nothing but what the script says: counts are
    /// empty, all else is absent.
    private static func vector(
        _ ref: AssayFeaturesV1.VectorRef, _ time: Timestamp, _ script: Script
    ) -> AssayFeaturesV1.Vector {
        let names =
            switch ref.name {
            case "rule_facts": FeatureNames.ruleFacts
            case "fraud_basic": FeatureNames.fraudBasic
            default: features
            }
        let found = names.map {
            script.features[$0] ?? script.features[synonyms[$0] ?? ""] ?? usual[$0]
        }
        let isCount = names.map {
            ref.name == "payment_fraud" || FeatureNames.counts.contains($0)
        }
        return AssayFeaturesV1.Vector(
            ref: ref, asOf: time,
            values: names.indices.map { found[$0] ?? (isCount[$0] ? 0 : .nan) },
            status: names.indices.map {
                script.statuses[names[$0]] ?? (found[$0] != nil ? 0 : isCount[$0] ? 1 : 2)
            },
            digest: [UInt8](repeating: 7, count: 32))
    }

    /// Seven payments an hour are what the account does.
    private static let usual = ["acct_txn_cnt_30d": 5_040.0]

    private static let synonyms = [
        "acct_txn_sum_1h": "acct_amt_sum_1h", "acct_txn_sum_24h": "acct_amt_sum_24h",
    ]
}

/// Names of features as the shipped definitions have them.
enum FeatureNames {
    static let ruleFacts = entries(of: "rule-facts.yaml")

    static let fraudBasic = [
        "amount", "account_age_days", "transactions_last_hour", "transactions_last_day",
        "credit_score", "is_vpn", "is_tor", "kyc_verified", "industry_fintech",
        "industry_lending", "industry_crypto", "industry_betting", "industry_ecommerce",
    ]

    /// Features that are 0 of an entity without events.
    static let counts: Set<String> = {
        let path = "Tests/CatalogueTests/catalogue.tsv"
        let rows = text(path).split(separator: "\n").map {
            $0.split(separator: "\t", omittingEmptySubsequences: false)
        }
        return Set(rows.filter { $0.count > 8 && $0[8] == "0" }.map { String($0[1]) })
    }()

    private static func entries(of file: String) -> [String] {
        text("deploy/definitions/" + file).split(separator: "\n").compactMap { line in
            line.hasPrefix("      - ") ? String(line.dropFirst(8)) : nil
        }
    }

    private static func text(_ path: String) -> String {
        (try? String(contentsOf: Repository.root.appending(path: path), encoding: .utf8)) ?? ""
    }
}

/// A folder that is gone when the test is over.
final class TemporaryFolder: Sendable {
    let path: String

    init() {
        path =
            FileManager.default.temporaryDirectory
            .appending(path: "assay-risk-\(UUID().uuidString)").path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func open() throws -> RocksDBStore {
        try RocksDBStore(directory: path, families: RiskService.families)
    }
}

/// A store that can be told to lose its disk.
final class BreakableStore: KeyValueStore {
    private let store: any KeyValueStore
    let isBroken = Mutex(false)
    /// Writes that still succeed; nil: all.
    let writesLeft = Mutex<Int?>(nil)

    init(_ store: any KeyValueStore) { self.store = store }

    func get(_ key: [UInt8], in family: Family) throws(StorageError) -> [UInt8]? {
        try store.get(key, in: family)
    }

    func write(_ batches: [WriteBatch], sync: Bool) throws(StorageError) {
        let isOver = writesLeft.withLock { left in
            guard let count = left else { return false }
            left = max(0, count - 1)
            return count == 0
        }
        if isOver || isBroken.withLock({ $0 }) {
            throw StorageError(.full, "no space is left")
        }
        try store.write(batches, sync: sync)
    }

    func scan(
        _ family: Family, _ range: KeyRange, reversed: Bool,
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        try store.scan(family, range, reversed: reversed, body)
    }

    func close() { store.close() }
}

/// A risk service with fakes around it.
struct RiskHarness {
    let folder = TemporaryFolder()
    let fakes: FakeServices
    let store: BreakableStore
    let log: DecisionLog
    let service: RiskService
    let feed: ExperimentFeed
    /// Seconds since 1970, and the monotonic clock in milliseconds; a test moves them.
    let clock = Clock()

    final class Clock: Sendable {
        let seconds = Mutex<Int64>(1_772_366_400)
        let milliseconds = Mutex<UInt64>(1_000)
        let decisions = Mutex<UInt64>(0)
    }

    /// - Parameter pack: a pack of rules besides the shipped ones.
    init(
        _ script: FakeServices.Script = FakeServices.Script(), policy: Policy? = nil,
        configuration: RiskConfiguration = RiskConfiguration(), pack: String? = nil,
        exceptions: ExceptionTable = .empty
    ) throws {
        fakes = FakeServices(script)
        store = BreakableStore(try folder.open())
        log = try DecisionLog(store: store, newChain: "risk-test", interval: .zero)
        feed = try ExperimentFeed(store: store, log: log, models: fakes)
        service = try Self.service(
            fakes, store, log, clock, policy, feed, configuration: configuration, pack: pack,
            exceptions: exceptions)
    }

    /// As the next process begins.
    func nextFeed() throws -> ExperimentFeed {
        try ExperimentFeed(store: store, log: log, models: fakes)
    }

    static func service(
        _ fakes: FakeServices, _ store: any KeyValueStore, _ log: DecisionLog, _ clock: Clock,
        _ policy: Policy?, _ feed: ExperimentFeed? = nil,
        configuration: RiskConfiguration = RiskConfiguration(), pack: String? = nil,
        exceptions: ExceptionTable = .empty
    ) throws -> RiskService {
        RiskService(
            rules: try Repository.shippedRules(pack: pack),
            policies: try policy.map(PolicySet.init) ?? Repository.policies(),
            exceptions: exceptions,
            features: fakes, models: fakes, store: store, log: log,
            surroundings: RiskSurroundings(
                now: { Timestamp(seconds: clock.seconds.withLock { $0 }) ?? .blank() },
                monotonic: {
                    Instant(nanoseconds: clock.milliseconds.withLock { $0 } * 1_000_000)
                },
                newDecisionID: {
                    clock.decisions.withLock { number in
                        number += 1
                        return UniqueID(high: 0xA55A, low: number)
                    }
                },
                newSalt: { [UInt8](repeating: 3, count: 32) }), configuration: configuration,
            experiments: feed)
    }

    static func context(_ tenant: String = "acme", deadline: Deadline = .none) -> ServerContext {
        ServerContext(
            method: AssayRiskV1.RiskAssessment.assessTransaction, deadline: deadline,
            caller: Caller(tenant: tenant, client: "tests"))
    }

    func assess(
        _ request: AssayRiskV1.AssessTransactionRequest, tenant: String = "acme"
    ) async throws -> AssayRiskV1.AssessTransactionResponse {
        try await service.assessTransaction(request, context: Self.context(tenant))
    }

    /// An ordinary payment of 25 EUR.
    static func payment(_ id: String = "r-1") -> AssayRiskV1.AssessTransactionRequest {
        AssayRiskV1.AssessTransactionRequest(
            requestID: id,
            transaction: AssayRiskV1.Transaction(
                transactionID: "t-" + id,
                occurredAt: Timestamp(seconds: 1_772_366_000) ?? .blank(),
                amount: Money("25.00", "EUR"), type: "purchase", channel: "app", country: "DE"),
            account: AssayRiskV1.Account(accountID: "acct-1", currency: "EUR", status: "active"),
            customer: AssayRiskV1.Customer(customerID: "cust-1", country: "DE"),
            network: AssayRiskV1.Network(
                address: "203.0.113.9", country: "DE", isVpn: false, isTor: false, isProxy: false),
            card: AssayRiskV1.Card(token: "tok-1", country: "DE", funding: "debit", cvv: "pass"))
    }
}
