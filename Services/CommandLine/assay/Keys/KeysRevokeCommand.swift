import ArgumentParser
import Foundation
import GatewayCore

/// Ends a key for good.
struct KeysRevokeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Revokes keys: a running gateway refuses them as soon as it has read the file.",
        discussion: "The entry stays, so that the use of a revoked key shows in the log.")

    @Option(help: "Key file of the gateway.") var file: String
    @Argument(help: "Ids of the keys: the 12 characters behind assay1_.") var ids: [String]

    func run() throws {
        let change = try KeyFileChange(file, mustExist: true)
        var revoked: [String] = []
        for id in ids {
            let entry = try change.entry(id)
            if entry.state == .revoked {
                StandardError.note("\(id) was revoked already")
            } else {
                change.keys.revoke(id)
                revoked.append(id)
            }
        }
        guard !revoked.isEmpty else { return }
        try change.write()
        for id in revoked { print("\(id) is revoked") }
    }
}
