import ArgumentParser
import AssayMessages
import FeatureCore
import FeatureEngine
import RPC
import ServiceRuntime
import Wire

/// Puts how far the payments of each customer reach: to be run once a night.
struct FeaturesNetworkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "network",
        abstract: "Finds how far each customer's payments reach, and puts it as a snapshot.",
        discussion: """
            Reads who paid whom from the event log of a running store, walks at most 8 steps and \
            10,000 parties from each customer, and puts depth and size as rows of a snapshot.
            """)

    @OptionGroup var server: FeatureServerOptions
    @Option(help: "Days of payments that count.") var days: Int64 = 180
    @Option(help: "The last moment that counts, such as 2025-10-09T00:00:00Z; by default now.")
    var until: String?
    @Option(help: "TYPE:PAYER:PAYEE, fields of an event type; may be repeated.")
    var edge: [String] = []
    @Option(help: "Entity type that rows are put for.") var owner = "customer"
    @Option(help: "Snapshot that takes them.") var snapshot = "party_network"
    @Option(help: "What the features made of them are for.")
    var purpose = Purpose.credit

    func validate() throws {
        guard (1...400).contains(days) else { throw ValidationError("--days is 1 to 400") }
        _ = try sources()
    }

    func run() async throws {
        let job = try job()
        let connection = try server.connect(
            scopes: ["features.network", "features.snapshot", FeatureAccess.scope(purpose)])
        let store = AssayFeaturesV1.FeatureStore.Client(connection.transport)
        var taken = try await store.readEdges(
            job.request, options: connection.options(.seconds(6 * 3_600))
        ) { chunks in
            var job = job
            for try await chunk in chunks { job.take(chunk) }
            return job
        }
        let result = try await taken.finish { request in
            try await store.putSnapshot(request, options: connection.options(.seconds(30)))
        }
        await connection.transport.close()
        let parties = String(result.parties, "party", "parties")
        print("\(parties), \(String(result.rows, "row")) of \(snapshot)")
        if !result.bounded.isEmpty {
            let many = String(result.bounded.count, "customer")
            print("\(many) with more parties within reach than are counted: incomplete")
        }
        guard result.refused == 0 else {
            throw Complaint("\(String(result.refused, "row")) not applied: \(result.refusal)")
        }
    }

    private func job() throws -> NetworkJob {
        let now = WallClock.now()
        var end = now
        if let until {
            guard let given = Timestamp(until) else {
                throw ValidationError("--until is a time such as 2025-10-09T00:00:00Z")
            }
            end = given
        }
        var job = NetworkJob(until: end, days: days)
        job.time = min(end, now)
        job.owner = owner
        job.purpose = AssayFeaturesV1.Purpose(purpose)
        job.snapshot = snapshot
        let sources = try sources()
        if !sources.isEmpty { job.sources = sources }
        return job
    }

    private func sources() throws -> [NetworkJob.Source] {
        try edge.map { text in
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
                .map(String.init)
            guard parts.count == 3, !parts.contains("") else {
                throw ValidationError("--edge is TYPE:PAYER:PAYEE, not \(text)")
            }
            return NetworkJob.Source(eventType: parts[0], payer: parts[1], payee: parts[2])
        }
    }
}
