import ArgumentParser
import Foundation
import GatewayCore

/// Makes API keys.
struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Makes API keys.", subcommands: [Create.self])

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a key, shows it once, and adds what is stored of it to a key file.")
        @Option(help: "Key file of the gateway; made if it is not there.") var file: String
        @Option(help: "File with the pepper.") var pepper: String
        @Option(help: "Number of the pepper in the gateway's configuration.") var pepperVersion = 1
        @Option(help: "Tenant of the key.") var tenant: String
        @Option(help: "Client of the key.") var client: String
        @Option(help: "Plan; the gateway's default if absent.") var plan: String?
        @Option(help: "A scope; once for each.") var scope: [String] = []

        func run() throws {
            let secret = try Data(contentsOf: URL(filePath: pepper)).filter { $0 != 10 && $0 != 13 }
            guard let pepper = Pepper(version: pepperVersion, secret: Array(secret)) else {
                throw Complaint("\(pepper): a pepper has at least 16 bytes")
            }
            var keys = APIKeyFile(file: file, entries: [])
            if let text = try? String(contentsOfFile: file, encoding: .utf8) {
                keys = try APIKeyFile(yaml: text, file: file)
            }
            let made = DevelopmentKey.make(
                client: client, tenant: tenant, plan: plan, scopes: scope, pepper: pepper,
                version: pepperVersion)
            keys.entries.append(made.entry)
            // What was written must be readable before the key is shown.
            _ = try APIKeyFile(yaml: keys.yaml, file: file)
            let isWritten = FileManager.default.createFile(
                atPath: file, contents: Data(keys.yaml.utf8),
                attributes: [.posixPermissions: 0o600])
            guard isWritten else { throw Complaint("\(file) cannot be written") }
            print(made.key.text)
        }
    }
}
