import ArgumentParser
import Foundation
import GatewayCore

/// Makes a key and shows it, once.
struct KeysCreateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Makes a key, shows it once, and adds what is stored of it to a key file.")

    @Option(help: "Key file of the gateway; made if it is not there.") var file: String
    @OptionGroup var pepper: PepperOptions
    @Option(help: "Tenant of the key.") var tenant: String
    @Option(help: "Client of the key.") var client: String
    @Option(help: "Plan; the gateway's default if absent.") var plan: String?
    @Option(help: "A scope; once for each.") var scope: [String] = []
    @Option(help: "A role of the gateway's configuration; once for each.") var role: [String] = []
    @Option(help: "When it begins: 2027-01-31, 2027-01-31T12:00:00Z, or 2h from now.")
    var notBefore: KeyMoment?
    @Option(help: "When it ends: 2027-01-31, 2027-01-31T12:00:00Z, or 90d from now.")
    var expires: KeyMoment?
    @Option(
        help: "SHA-256 of the client certificate that must accompany it, as openssl prints it.")
    var certificate: String?

    func run() throws {
        var pinned: [UInt8]?
        if let certificate {
            guard let bytes = APIKeyFile.thumbprint(certificate) else {
                throw Complaint("--certificate is a SHA-256: 64 hexadecimal digits")
            }
            pinned = bytes
        }
        if let notBefore, let expires, notBefore.seconds >= expires.seconds {
            throw Complaint("--expires is before --not-before: the key would never be valid")
        }
        let pepper = try pepper.load()
        let change = try KeyFileChange(file, mustExist: false)
        let made = DevelopmentKey.make(
            client: client, tenant: tenant, plan: plan, scopes: scope, pepper: pepper,
            version: pepper.version)
        var entry = made.entry
        entry.roles = role
        entry.notBefore = notBefore?.seconds
        entry.expires = expires?.seconds
        entry.certificate = pinned
        change.keys.append(entry)
        try change.write()
        print(made.key.text)
    }
}
