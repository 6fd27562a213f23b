import ArgumentParser
import Foundation
import GatewayCore

/// Shows the keys of a file: everything but what a secret could be guessed from.
struct KeysListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Shows the keys of a key file, without secrets.")

    @Option(help: "Key file of the gateway.") var file: String

    func run() throws {
        let now = Int64(Date().timeIntervalSince1970)
        let entries = try KeyFileChange.read(file).keys.entries
        for line in DecisionTable.aligned([Self.header] + entries.map({ Self.row($0, now: now) })) {
            print(line)
        }
    }

    private static let header = [
        "id", "state", "tenant", "client", "plan", "pepper", "not before", "expires", "bound",
        "roles", "scopes",
    ]

    private static func row(_ entry: APIKeyFile.Entry, now: Int64) -> [String] {
        [
            entry.id, state(entry, now: now), entry.tenant, entry.client, entry.plan ?? "default",
            "\(entry.pepper)", KeyMoment.text(entry.notBefore), KeyMoment.text(entry.expires),
            entry.certificate == nil ? "-" : "certificate", words(entry.roles),
            words(entry.scopes),
        ]
    }

    private static func words(_ names: [String]) -> String {
        names.isEmpty ? "-" : names.joined(separator: ",")
    }

    /// What the gateway makes of it now.
    static func state(_ entry: APIKeyFile.Entry, now: Int64) -> String {
        if entry.state == .revoked { return "revoked" }
        if let expires = entry.expires, now >= expires { return "expired" }
        if let notBefore = entry.notBefore, now < notBefore { return "not yet" }
        return "active"
    }
}
