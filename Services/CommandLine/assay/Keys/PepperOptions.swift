import ArgumentParser
import Foundation
import GatewayCore

/// The pepper that new keys are stored with.
struct PepperOptions: ParsableArguments {
    @Option(help: "File with the pepper.") var pepper: String
    @Option(help: "Number of the pepper in the gateway's configuration.") var pepperVersion = 1

    func load() throws -> Pepper {
        guard let data = FileManager.default.contents(atPath: pepper) else {
            throw Complaint("\(pepper) is not there, or may not be read")
        }
        let secret = data.filter { $0 != 10 && $0 != 13 }
        guard (1...1_000_000).contains(pepperVersion) else {
            throw Complaint("--pepper-version is a number from 1 to 1000000")
        }
        guard let made = Pepper(version: pepperVersion, secret: Array(secret)) else {
            throw Complaint("\(pepper): a pepper has at least 16 bytes")
        }
        return made
    }
}
