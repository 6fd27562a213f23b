public import AssayMessages
internal import FeatureEngine
internal import RPC
public import Wire

/// Finds how far each customer's payments reach, and puts it as a snapshot: what
/// `assay features network` does each night.
public struct NetworkJob: Sendable {
    /// Where events say who paid whom.
    public struct Source: Hashable, Sendable {
        public let eventType: String
        public let payer: String
        public let payee: String

        public init(eventType: String, payer: String, payee: String) {
            self.eventType = eventType
            self.payer = payer
            self.payee = payee
        }
    }

    /// What the job did.
    public struct Result: Hashable, Sendable {
        public var parties = 0
        /// Those that a row was put for.
        public var rows = 0
        /// Those of them that reach more parties than are counted.
        public var bounded: [String] = []
        /// Rows that the store did not apply, with its first reason.
        public var refused = 0
        public var refusal = ""
    }

    /// Of customers, as the shipped definitions have them.
    public static let shippedSources = [
        Source(eventType: "payment", payer: "customer_id", payee: "counterparty_id"),
        Source(eventType: "credit", payer: "counterparty_id", payee: "customer_id"),
    ]

    static let rowsPerCall = 1_000

    public var snapshot = "party_network"
    /// The entity that rows are put for.
    public var owner = "customer"
    /// What the features that are made of the rows are for.
    public var purpose = AssayFeaturesV1.Purpose.credit
    public var sources = NetworkJob.shippedSources
    public var from: Timestamp
    public var until: Timestamp
    /// When the facts are true; by default the end of the span.
    public var time: Timestamp
    private var graph = PartyGraph()

    /// - Parameter days: how many before `until` count.
    public init(until: Timestamp, days: Int64 = 180) {
        self.until = until
        time = until
        from = Timestamp(milliseconds: max(0, until.millisecondsSinceEpoch - days * 86_400_000))
    }

    public var request: AssayFeaturesV1.ReadEdgesRequest {
        AssayFeaturesV1.ReadEdgesRequest(
            owner: owner,
            sources: sources.map {
                AssayFeaturesV1.EdgeSource(
                    eventType: $0.eventType, payer: $0.payer, payee: $0.payee)
            }, from: from, until: until, purpose: purpose)
    }

    /// Takes a chunk of a `ReadEdges` call.
    public mutating func take(_ chunk: AssayFeaturesV1.EdgeChunk) {
        for edge in chunk.edges {
            graph.add(
                payer: edge.payer, payee: edge.payee, payerIsOwn: edge.payerIsOwn,
                payeeIsOwn: edge.payeeIsOwn)
        }
    }

    /// Walks what was taken, and puts the rows.
    public mutating func finish(
        put: (AssayFeaturesV1.PutSnapshotRequest) async throws ->
            AssayFeaturesV1.PutSnapshotResponse
    ) async throws -> Result {
        let reaches = graph.reaches()
        var result = Result(parties: graph.partyCount, rows: reaches.count)
        result.bounded = reaches.filter(\.reach.isBounded).map(\.party)
        for (number, first) in stride(from: 0, to: reaches.count, by: Self.rowsPerCall).enumerated()
        {
            let rows = reaches[first..<min(first + Self.rowsPerCall, reaches.count)]
            let reply = try await put(request(number, rows.map(Self.row)))
            let refused = reply.receipts.filter { ![.applied, .duplicate].contains($0.outcome) }
            result.refused += refused.count
            if result.refusal.isEmpty, let problem = refused.first?.problems.first {
                result.refusal = "\(problem.path) \(problem.message)"
            }
        }
        return result
    }

    private static func row(
        _ found: (party: String, reach: PartyGraph.Reach)
    ) -> AssayFeaturesV1.SnapshotRow {
        AssayFeaturesV1.SnapshotRow(
            key: [found.party],
            fields: [
                "depth_downstream": .integer(Int64(found.reach.depth)),
                "size": .integer(Int64(found.reach.size)),
                "is_bounded": .flag(found.reach.isBounded),
            ])
    }

    /// The same night's job may run twice: its rows count once.
    private func request(
        _ number: Int, _ rows: [AssayFeaturesV1.SnapshotRow]
    ) -> AssayFeaturesV1.PutSnapshotRequest {
        AssayFeaturesV1.PutSnapshotRequest(
            snapshotID: "\(snapshot)/\(time.millisecondsSinceEpoch)/\(number)", snapshot: snapshot,
            time: time, rows: rows)
    }
}
