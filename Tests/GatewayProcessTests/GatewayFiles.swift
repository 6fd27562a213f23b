import GatewayCore
import RPC

/// Texts of a gateway's files.
struct GatewayFiles {
    var upstreamPort: Int
    /// Instead of the port.
    var target: String?
    /// Further YAML of the upstream.
    var upstream = ""
    /// YAML of the listener's `tls`; nil for plaintext.
    var tls: String?
    var limit = 1_000_000
    var period = "1s"
    var burst = 1_000_000
    var concurrency = 1000
    /// Calls in flight that the process is made for.
    var capacity = 100_000
    var peppers = [1]
    var further = ""
    var settings = ""

    var configuration: String {
        let names = peppers.map { "\($0): pepper-\($0)" }.joined(separator: ", ")
        return """
            version: 1
            listeners:
              - { name: public, port: 0\(tls.map { ", tls: \($0)" } ?? "") }
            admin: { port: 0 }
            authentication: { api_keys: { file: keys.yaml, peppers: { \(names) } } }
            authorization: { tenants: { bank: { scopes: [\(Self.scope)] } } }
            limits:
              plans:
                default:
                  client: { limit: \(limit), period: \(period), burst: \(burst) }
                  concurrency: { client: \(concurrency), tenant: \(max(1000, concurrency)) }
            capacity: { in_flight: \(capacity), memory: 1000GiB }
            routes:
              - { service: \(GatewayUnderTest.method.service), upstream: all\(settings) }
            upstreams: { all: { target: "\(target ?? "127.0.0.1:\(upstreamPort)")"\(upstream) } }
            \(further)
            """
    }

    static var scope: String { GatewayUnderTest.scope(of: GatewayUnderTest.method) ?? "" }

    // MARK: Keys

    static func key(_ number: UInt8) -> APIKey {
        APIKey(
            idBytes: [UInt8](repeating: number, count: 8),
            secretBytes: [UInt8](repeating: number &+ 100, count: 32))
    }

    static func pepper(_ version: Int) -> String { "a pepper for tests, number \(version)" }

    static func entry(_ number: UInt8, pepper version: Int = 1, isRevoked: Bool = false)
        -> APIKeyFile.Entry
    {
        let mac = Pepper(version: version, secret: Array(pepper(version).utf8))?.mac(
            of: key(number))
        return APIKeyFile.Entry(
            id: key(number).id, tenant: "bank", client: "client-\(number)", plan: nil,
            scopes: [scope], mac: mac ?? [], pepper: version, state: isRevoked ? .revoked : .active)
    }

    func all(_ keys: [APIKeyFile.Entry]) -> [String: String] {
        var files = ["gateway.yaml": configuration, "keys.yaml": APIKeyFile(entries: keys).yaml]
        for version in peppers { files["pepper-\(version)"] = Self.pepper(version) }
        return files
    }
}
