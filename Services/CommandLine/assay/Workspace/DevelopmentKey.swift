import GatewayCore

/// The API keys that `assay up` makes.
enum DevelopmentKey: String, CaseIterable, Sendable {
    /// For the main job: every scope, a plan without a limit that matters.
    case demo
    /// For somebody else than who uploads models or proposes rules: approves them.
    case reviewer
    /// For trying things out: the plan every client has, and only payments may be assessed.
    case standard = "default"

    var plan: String { self == .demo ? "replay" : "default" }

    var scopes: [String] {
        switch self {
        case .demo:
            [
                "risk.assess", "risk.credit", "risk.decisions.read", "models.predict",
                "models.read", "models.upload", "models.move", "models.rollback", "models.policy",
                "experiments.read",
                "experiments.apply", "experiments.stop", "experiments.override",
                "outcomes.write", "risk.replay", "risk.audit", "risk.rules.read",
                "risk.rules.test", "risk.rules.propose", "risk.rules.apply",
            ]
        case .reviewer: ["models.read", "models.approve", "risk.rules.read", "risk.rules.approve"]
        case .standard: ["risk.assess", "risk.decisions.read"]
        }
    }

    /// What the tenant may do: all that one of its keys may.
    static var tenantScopes: [String] { demo.scopes + ["models.approve", "risk.rules.approve"] }

    static let tenant = "demo"

    static func bytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    /// A new key and what is stored of it.
    static func make(
        client: String, tenant: String, plan: String?, scopes: [String], pepper: Pepper,
        version: Int
    ) -> (key: APIKey, entry: APIKeyFile.Entry) {
        let key = APIKey(idBytes: bytes(8), secretBytes: bytes(32))
        let entry = APIKeyFile.Entry(
            id: key.id, tenant: tenant, client: client, plan: plan, scopes: scopes,
            mac: pepper.mac(of: key), pepper: version)
        return (key, entry)
    }
}
