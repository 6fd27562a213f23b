import AssayMessages
import Foundation
import RPC
import RPCTransport
import TLS
import Testing
import Wire

/// Reads the feature store directly, as assay-risk does: with its certificate, for a tenant.
enum FeatureReader {
    /// Payments of a card in the last 24 hours, by the store's own account.
    static func counts(_ assay: AssayUnderTest, card: String) async throws -> Int? {
        let tls = "\(assay.folder.path)/tls"
        let store = try #require(SPIFFEID("spiffe://assay.example/ns/default/sa/assay-features"))
        let context = try TLSContext.client(
            trust: try TLSTrust(file: assay.authority),
            identity: try TLSIdentity(
                certificateFile: "\(tls)/risk.pem", keyFile: "\(tls)/risk.key"),
            expecting: .workloads([store]))
        let channel = try RPCClient("127.0.0.1:\(try assay.port("features"))", tls: context)
        let now = try #require(Timestamp(seconds: Int64(Date().timeIntervalSince1970)))
        let reply = try await AssayFeaturesV1.FeatureStore.Client(channel).getVector(
            AssayFeaturesV1.GetVectorRequest(
                vector: AssayFeaturesV1.VectorRef(name: "payment_fraud", version: 1),
                keys: ["card": card], time: now),
            options: CallOptions(metadata: ["assay-tenant": "demo", "assay-client": "test"]))
        await channel.close()
        // The third value of payment_fraud@1 is card_txn_cnt_24h.
        return reply.vector.values.dropFirst(2).first.flatMap { Int(exactly: $0) }
    }
}
