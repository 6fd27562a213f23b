import ArgumentParser
import Foundation
import GatewayCore

/// Makes a key that may do what another may.
struct KeysRotateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Makes a second key with the rights of one, and shows it once.",
        discussion: """
            Both are valid until the old one is revoked, or has expired if --overlap says when. This is \
            also how a pepper is replaced: what is stored of a key cannot be computed anew without \
            the key, so each is rotated onto the new pepper, and the old pepper goes last.
            """)

    @Option(help: "Key file of the gateway.") var file: String
    @OptionGroup var pepper: PepperOptions
    @Option(help: "How long the old key stays valid, such as 7d; until it is revoked if absent.")
    var overlap: KeyMoment?
    @Option(help: "When the new key ends: 2027-01-31, 2027-01-31T12:00:00Z, or 90d from now.")
    var expires: KeyMoment?
    @Argument(help: "Id of the key: the 12 characters behind assay1_.") var id: String

    func run() throws {
        let pepper = try pepper.load()
        let change = try KeyFileChange(file, mustExist: true)
        let old = try change.entry(id)
        guard old.state == .active else {
            throw Complaint("\(id) is revoked; `assay keys create` makes a new one")
        }
        let made = DevelopmentKey.make(
            client: old.client, tenant: old.tenant, plan: old.plan, scopes: old.scopes,
            pepper: pepper, version: pepper.version)
        var entry = made.entry
        entry.roles = old.roles
        entry.certificate = old.certificate
        entry.expires = expires?.seconds
        change.keys.append(entry)
        // A key never lives longer than it did before.
        if let overlap, overlap.seconds < old.expires ?? .max {
            change.keys.expire(id, at: overlap.seconds)
        }
        try change.write()
        print(made.key.text)
    }
}
