/// The four processes, in the order in which they end: who calls ends before who is called.
enum ServiceName: String, CaseIterable, Sendable, Codable {
    case gateway, risk, models, features

    var executable: String { "assay-\(rawValue)" }

    /// The order in which they start.
    static let startOrder: [ServiceName] = [.features, .models, .risk, .gateway]
}

/// Which ports to ask for; absent means that the system chooses.
struct ServicePorts: Sendable {
    var serving: [ServiceName: Int]
    var admin: [ServiceName: Int]
}

/// Where a service listens.
struct ServiceAddress: Sendable, Hashable, Codable {
    var port: Int
    var admin: Int
}
