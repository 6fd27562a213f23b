import AssayMessages
import Foundation
import RPC
import RPCTransport
import TLS
import Testing
import Wire

/// Calls the feature store directly, as assay-risk does: with its certificate, for a tenant.
struct FeatureClient {
    private let channel: RPCClient
    private let options = CallOptions(
        deadline: .after(.seconds(2)),
        metadata: ["assay-tenant": "demo", "assay-client": "test"])

    init(_ assay: AssayUnderTest) throws {
        let tls = "\(assay.folder.path)/tls"
        let store = try #require(SPIFFEID("spiffe://assay.example/ns/default/sa/assay-features"))
        let context = try TLSContext.client(
            trust: try TLSTrust(file: assay.authority),
            identity: try TLSIdentity(
                certificateFile: "\(tls)/risk.pem", keyFile: "\(tls)/risk.key"),
            expecting: .workloads([store]))
        channel = try RPCClient("127.0.0.1:\(try assay.port("features"))", tls: context)
    }

    private var store: AssayFeaturesV1.FeatureStore.Client {
        AssayFeaturesV1.FeatureStore.Client(channel)
    }

    /// Sends a payment until the store says that it has it.
    func record(_ id: String, card: String, at seconds: Int64) async throws {
        let amount = try #require(Money(currency: "EUR", coefficient: 1000, scale: 2))
        let event = AssayFeaturesV1.Event(
            id: id, type: "payment", time: try #require(Timestamp(seconds: seconds)),
            fields: ["card_id": .text(card), "amount": .amount(amount)])
        let request = AssayFeaturesV1.ScoreEventRequest(event: event)
        let reply = try await retried { try await store.scoreEvent(request, options: options) }
        #expect([.applied, .duplicate].contains(reply.receipt.outcome), "\(reply.receipt)")
    }

    /// Sends any event until the store says that it has it.
    func send(
        _ type: String, _ id: String, at seconds: Int64,
        _ fields: [(String, AssayFeaturesV1.FieldValue)]
    ) async throws {
        let event = AssayFeaturesV1.Event(
            id: id, type: type, time: try #require(Timestamp(seconds: seconds)),
            fields: WireMap(fields))
        let request = AssayFeaturesV1.ScoreEventRequest(event: event)
        let reply = try await retried { try await store.scoreEvent(request, options: options) }
        #expect([.applied, .duplicate].contains(reply.receipt.outcome), "\(reply.receipt)")
    }

    /// Payments of a card in the last 24 hours, by the store's own account.
    func payments(card: String) async throws -> Int? {
        let now = try #require(Timestamp(seconds: Int64(Date().timeIntervalSince1970)))
        let request = AssayFeaturesV1.GetVectorRequest(
            vector: AssayFeaturesV1.VectorRef(name: "payment_fraud", version: 1),
            keys: ["card": card], time: now)
        let reply = try await retried { try await store.getVector(request, options: options) }
        // The third value of payment_fraud@1 is card_txn_cnt_24h.
        return reply.vector.values.dropFirst(2).first.flatMap { Int(exactly: $0) }
    }

    /// Calls until a reply comes, for as long as a store that was killed may take to start again: also a
    /// store that has just replied may be one that is dying.
    private func retried<Reply>(_ call: () async throws -> Reply) async throws -> Reply {
        for _ in 0..<200 {
            do {
                return try await call()
            } catch let error as RPCError
                where [.unavailable, .deadlineExceeded, .aborted].contains(error.code)
            {
                try await Task.sleep(for: .milliseconds(50))
            }
        }
        return try await call()
    }

    func close() async { await channel.close() }
}
